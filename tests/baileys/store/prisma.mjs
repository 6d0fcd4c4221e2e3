/**
 * The session code of the npm package `whatsapp-store-db`, of the Prisma lineage, as the lab opens an auth state.
 *
 * Prisma's own engine is a download that no package registry has: these are the four calls that the session code makes
 * of its client, each as the statement that Prisma sends.
 */
import { createRequire } from 'node:module'
import pg from 'pg'

const require = createRequire(import.meta.url)
const { setLogger, setPrisma } = require('whatsapp-store-db/dist/shared.js')
const { useSession } = require('whatsapp-store-db/dist/session.js')
const AT = 'where "sessionId" = $1 and id = $2'

const coded = (code, message) => Object.assign(new Error(message), { code })

const sessionsOf = pool => ({
	async updateMany({ data, where }) {
		const done = await pool.query(`update "Session" set data = $3 ${AT}`, [where.sessionId, where.id, data.data])
		return { count: done.rowCount }
	},
	async create({ data: { sessionId, id, data } }) {
		const said = 'insert into "Session" ("sessionId", id, data) values ($1, $2, $3) on conflict do nothing'
		const done = await pool.query(said, [sessionId, id, data])
		if (!done.rowCount) throw coded('P2002', 'it is there already')
	},
	async findUnique({ where: { sessionId_id: { sessionId, id } } }) {
		return (await pool.query(`select data from "Session" ${AT}`, [sessionId, id])).rows[0] ?? null
	},
	async delete({ where: { sessionId_id: { sessionId, id } } }) {
		const done = await pool.query(`delete from "Session" ${AT}`, [sessionId, id])
		if (!done.rowCount) throw coded('P2025', 'it is not there')
	}
})

export async function openAuthStore({ postgres }) {
	const pool = new pg.Pool({ connectionString: postgres })
	setPrisma({ session: sessionsOf(pool) })
	const quiet = () => {}
	setLogger({ trace: quiet, debug: quiet, info: quiet, warn: quiet, error: error => { throw error } })
	return { authState: useSession, close: () => pool.end() }
}
