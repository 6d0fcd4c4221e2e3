/**
 * The auth state of many bots in PostgreSQL, with Redis in front of it where there is one: row by row what
 * `useMultiFileAuthState` keeps in a folder for each company.
 *
 *     npm install pg redis        # redis only where a cache is wanted
 *
 *     const store = await openAuthStore({ postgres: 'postgresql://bot@db.internal/bot', redis: 'redis://cache:6379/0' })
 *     const { state, saveCreds } = await store.authState('962302')
 *
 * Copy it into your bot: it takes the Baileys that is installed there. One company has one bot, as with folders.
 * `baileys-cleanup --store postgresql://...` cleans these tables (layout `split`).
 */
import { BufferJSON, initAuthCreds, proto } from '@whiskeysockets/baileys'
import pg from 'pg'

/**
 * What the bots need. The primary key is the index that a cleanup's plan reads; no other one, so that an update
 * touches none. The database dates each write, for a bot's clock may be wrong.
 */
export const TABLES = `
create table if not exists whatsapp_auth (
	company_id text collate "C" primary key,
	creds text not null,
	updated_at timestamptz not null default clock_timestamp()
);
create table if not exists whatsapp_keys (
	company_id text collate "C",
	key_type text collate "C",
	key_id text collate "C",
	value text not null,
	updated_at timestamptz not null default clock_timestamp(),
	primary key (company_id, key_type, key_id)
) with (fillfactor = 80);
create or replace function whatsapp_date_write() returns trigger language plpgsql as
	'begin new.updated_at := clock_timestamp(); return new; end';
create or replace trigger whatsapp_auth_date before update on whatsapp_auth
	for each row execute function whatsapp_date_write();
create or replace trigger whatsapp_keys_date before update on whatsapp_keys
	for each row execute function whatsapp_date_write();
`

/** One statement is one transaction: what the library gives in one `set` is written whole or not at all. */
const WRITE = `
with gone as (
	delete from whatsapp_keys k using unnest($2::text[], $3::text[]) as g(type, id)
	where k.company_id = $1 and k.key_type = g.type and k.key_id = g.id
)
insert into whatsapp_keys (company_id, key_type, key_id, value)
select $1, type, id, value from unnest($4::text[], $5::text[], $6::text[]) as n(type, id, value)
on conflict (company_id, key_type, key_id) do update set value = excluded.value`

const READ = 'select key_id, value from whatsapp_keys where company_id = $1 and key_type = $2 and key_id = any($3)'

const SAVE = `
insert into whatsapp_auth (company_id, creds) values ($1, $2)
on conflict (company_id) do update set creds = excluded.creds`

const toText = value => JSON.stringify(value, BufferJSON.replacer)
const toValue = (text, type) => {
	const value = JSON.parse(text, BufferJSON.reviver)
	if (type !== 'app-state-sync-key') return value
	// The first releases of 7.0.0 have no fromObject (src/Utils/use-multi-file-auth-state.ts there).
	const { AppStateSyncKeyData } = proto.Message
	return AppStateSyncKeyData.fromObject ? AppStateSyncKeyData.fromObject(value) : AppStateSyncKeyData.create(value)
}

/**
 * What of a `set` is not `known` yet, as rows of type, id and text, null for a key that goes; now it is.
 *
 * Until 7.0.0-rc.3 the library adds to what it has handed over while that is written, and forgets it afterwards
 * (`addTransactionCapability`, src/Utils/auth-utils.ts). So a `set` goes on until there is nothing new.
 */
const news = (data, known) =>
	Object.entries(data)
		.flatMap(([type, values]) => Object.entries(values ?? {}).map(([id, value]) => [type, id, value]))
		.map(([type, id, value]) => [type, id, value ? toText(value) : null])
		.filter(([type, id, text]) => {
			const name = `${type}-${id}`
			const isNew = known.get(name) !== text
			known.set(name, text)
			return isNew
		})
		.sort(([type, id], [otherType, otherId]) => (type + id < otherType + otherId ? -1 : 1))

/**
 * Connects to the servers and makes the tables where they are missing.
 *
 * `cacheSeconds` is how long a key stays in Redis after its last write or its first read; `cacheKey` names it there (the
 * setting `redis.cache_key` of a cleanup has to say the same). `onTrouble` hears of a Redis that fails: a bot goes on
 * without it. A PostgreSQL that fails makes the library's own call fail, as a full disk would.
 */
export async function openAuthStore({
	postgres,
	redis,
	cacheSeconds = 300,
	cacheKey = (company, type, id) => `baileys:${company}:${type}-${id}`,
	onTrouble = error => console.error('auth state: the cache fails:', error.message)
}) {
	const pool = new pg.Pool({ connectionString: postgres })
	pool.on('error', () => {}) // an idle connection that is lost is opened anew by the next query
	await makeTables(pool)
	const cache = redis ? await Cache.open(redis, cacheSeconds, cacheKey, onTrouble) : undefined
	return {
		authState: company => openAuthState(pool, cache, String(company)),
		async close() {
			await cache?.close()
			await pool.end()
		}
	}
}

/** Bots that start at the same moment make the tables one after the other. */
async function makeTables(pool) {
	const client = await pool.connect()
	try {
		const { rows } = await client.query("select to_regclass('whatsapp_keys') is not null as there")
		if (!rows[0].there) await client.query(`begin; select pg_advisory_xact_lock(7240115); ${TABLES} commit`)
	} finally {
		client.release()
	}
}

/** One company: `state` for `makeWASocket`, `saveCreds` for `creds.update`. */
async function openAuthState(pool, cache, company) {
	let written = Promise.resolve()
	/** Writes go one after the other: two on two connections may end in the other order. */
	const inOrder = write => {
		const done = written.then(write)
		written = done.catch(() => {})
		return done
	}
	/** One that failed may have been carried out all the same, its answer lost: then the cache holds what was before. */
	const change = (...query) =>
		pool.query(...query).catch(error => {
			cache?.distrust()
			throw error
		})
	const { rows } = await pool.query('select creds from whatsapp_auth where company_id = $1', [company])
	const creds = rows.length ? JSON.parse(rows[0].creds, BufferJSON.reviver) : initAuthCreds()
	const read = async (type, ids) => {
		await written
		const texts = (await cache?.read(company, type, ids)) ?? new Map()
		const missing = ids.filter(id => !texts.has(id))
		if (missing.length) {
			const answer = await pool.query(READ, [company, type, missing])
			const found = answer.rows.map(({ key_id, value }) => [key_id, value])
			await cache?.fill(company, type, found)
			for (const [id, text] of found) texts.set(id, text)
		}
		return Object.fromEntries(ids.map(id => [id, texts.get(id) ? toValue(texts.get(id), type) : null]))
	}
	let answered = Promise.resolve()
	const keys = {
		/** Reads go side by side, and are answered in their order: else one message overtakes the one before it. */
		async get(type, ids) {
			const [before, answer] = [answered, read(type, ids)]
			answered = answer.catch(() => {}).then(() => before)
			await answered
			return answer
		},
		set: data =>
			inOrder(async () => {
				const known = new Map()
				for (let rows; (rows = news(data, known)).length; ) {
					const gone = rows.filter(([, , text]) => text === null)
					const kept = rows.filter(([, , text]) => text !== null)
					const column = (rows, place) => rows.map(row => row[place])
					const columns = [column(gone, 0), column(gone, 1), column(kept, 0), column(kept, 1), column(kept, 2)]
					await change(WRITE, [company, ...columns])
					await cache?.write(company, rows)
				}
			}),
		clear: () =>
			inOrder(async () => {
				const { rows: gone } = await change(
					'delete from whatsapp_keys where company_id = $1 returning key_type, key_id', [company])
				await cache?.write(company, gone.map(({ key_type, key_id }) => [key_type, key_id, null]))
			})
	}
	return { state: { creds, keys }, saveCreds: () => inOrder(() => pool.query(SAVE, [company, toText(creds)])) }
}

/**
 * Keys that were lately used. An old ratchet out of a cache costs messages, so it is read only while it is sure that
 * every write reached it: not for twice the life of an entry after the start, nor after any failure. By then whatever
 * might be old has ended.
 */
class Cache {
	static async open(url, seconds, nameOf, onTrouble) {
		const { createClient } = await import('redis')
		// A command that waits for a server to come back would be carried out when it is no longer true.
		const client = createClient({ url, disableOfflineQueue: true })
		const cache = new Cache(client, seconds, nameOf, onTrouble)
		client.on('error', error => cache.fail(error))
		client.on('ready', () => cache.distrust())
		client.connect().catch(() => {}) // it tries again by itself, and 'error' has heard of it
		return cache
	}

	constructor(client, seconds, nameOf, onTrouble) {
		Object.assign(this, { client, seconds, nameOf, onTrouble })
		this.distrust()
	}

	distrust() {
		this.trustedFrom = Date.now() + 2 * this.seconds * 1000
	}

	fail(error) {
		if (!this.failing) this.onTrouble(error)
		this.failing = true
		this.distrust()
	}

	/** Returns a map of the texts that are known, '' for a key that is known to be gone. */
	async read(company, type, ids) {
		if (Date.now() < this.trustedFrom || !ids.length) return new Map()
		const names = ids.map(id => this.nameOf(company, type, id))
		const texts = await this.#try(() => this.client.sendCommand(['MGET', ...names]))
		return new Map((texts ?? []).map((text, i) => [ids[i], text]).filter(([, text]) => text !== null))
	}

	/** Keeps what was read from the database, unless something was written meanwhile. */
	fill(company, type, texts) {
		return this.#send(texts.map(([id, text]) => [this.nameOf(company, type, id), text, 'NX']))
	}

	/** Keeps what was written; '' stands for a key that is gone, so that no older read brings it back. */
	write(company, rows) {
		return this.#send(rows.map(([type, id, text]) => [this.nameOf(company, type, id), text ?? '']))
	}

	async #send(entries) {
		const end = String(this.seconds)
		await this.#try(() =>
			Promise.all(entries.map(([name, text, ...only]) => this.client.sendCommand(['SET', name, text, 'EX', end, ...only])))
		)
	}

	/** A Redis that fails or does not answer within a second is no reason for a bot to wait. */
	async #try(work) {
		let timer
		const late = new Promise((_, reject) => {
			timer = setTimeout(() => reject(new Error('no answer within a second')), 1000)
		})
		try {
			const answer = await Promise.race([work(), late])
			this.failing = false
			return answer
		} catch (error) {
			this.fail(error)
		} finally {
			clearTimeout(timer)
		}
	}

	close() {
		return this.client.destroy?.() ?? this.client.disconnect()
	}
}
