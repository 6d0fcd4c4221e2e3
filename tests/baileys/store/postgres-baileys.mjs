/** The npm package `postgres-baileys`, as the lab opens an auth state. */
import { createRequire } from 'node:module'
import pg from 'pg'

const { usePostgreSQLAuthState } = createRequire(import.meta.url)('postgres-baileys')

export async function openAuthStore({ postgres }) {
	const pool = new pg.Pool({ connectionString: postgres })
	return { authState: company => usePostgreSQLAuthState(pool, company), close: () => pool.end() }
}
