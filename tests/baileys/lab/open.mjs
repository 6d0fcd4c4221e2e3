/**
 * Opens an auth folder with the library and tells what it finds there, as JSON: who the account is, and a digest of
 * every key that was asked for (null where the library finds none). Nothing is written.
 *
 *     node open.mjs INSTALLED FOLDER '{"session": ["15550000002.0"], "pre-key": ["1"]}'
 */
import { createHash } from 'node:crypto'
import { openLibrary } from './library.mjs'

const [installed, folder, asked] = process.argv.slice(2)
const { baileys } = await openLibrary(installed)
const { state } = await baileys.useMultiFileAuthState(folder)

const digest = value =>
	value == null ? null : createHash('sha256').update(JSON.stringify(value, baileys.BufferJSON.replacer)).digest('hex')

const keys = {}
for (const [type, ids] of Object.entries(JSON.parse(asked))) {
	const found = await state.keys.get(type, ids)
	keys[type] = Object.fromEntries(ids.map(id => [id, digest(found[id])]))
}
const { me, registrationId, nextPreKeyId, signedIdentityKey, noiseKey, advSecretKey } = state.creds
const identity = digest([signedIdentityKey, noiseKey, advSecretKey])
process.stdout.write(JSON.stringify({ me: me ?? null, registrationId, nextPreKeyId, identity, keys }))
