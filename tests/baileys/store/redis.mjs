/**
 * Keys in Redis alone, as bots on Evolution API's auth state keep them: a field of the company's hash for each key, with
 * the library's own ids, or a string for each.
 */
import { BufferJSON, initAuthCreds, proto } from '@whiskeysockets/baileys'
import { createClient } from 'redis'

const PLACES = {
	hash: (client, company) => ({
		read: field => client.hGet(`${company}:auth`, field),
		write: (field, text) => client.hSet(`${company}:auth`, field, text),
		remove: field => client.hDel(`${company}:auth`, field)
	}),
	string: (client, company) => ({
		read: field => client.get(`${company}:${field}`),
		write: (field, text) => client.set(`${company}:${field}`, text),
		remove: field => client.del(`${company}:${field}`)
	})
}

export async function openAuthStore({ redis, layout }) {
	const client = createClient({ url: redis })
	await client.connect()
	return { authState: company => openAuthState(PLACES[layout](client, company)), close: () => client.destroy() }
}

async function openAuthState(place) {
	const read = async field => JSON.parse((await place.read(field)) ?? 'null', BufferJSON.reviver)
	const write = (field, value) => place.write(field, JSON.stringify(value, BufferJSON.replacer))
	const creds = (await read('creds')) ?? initAuthCreds()
	const get = async (type, id) => {
		const value = await read(`${type}-${id}`)
		return type === 'app-state-sync-key' && value ? proto.Message.AppStateSyncKeyData.create(value) : value
	}
	const keys = {
		get: async (type, ids) => Object.fromEntries(await Promise.all(ids.map(async id => [id, await get(type, id)]))),
		set: data =>
			Promise.all(
				Object.entries(data).flatMap(([type, values]) =>
					Object.entries(values).map(([id, value]) =>
						value ? write(`${type}-${id}`, value) : place.remove(`${type}-${id}`)
					)
				)
			)
	}
	return { state: { creds, keys }, saveCreds: () => write('creds', creds) }
}
