/**
 * Drives `auth-state.mjs`, which lies beside it, from a test: `node drive.mjs '{"postgres": ..., "redis": ..., ...}'`.
 *
 * One line of JSON on stdin is one call, `[what, ...arguments]`; one line on stdout is its answer. Values travel in the
 * library's own JSON.
 */
import { createInterface } from 'node:readline'
import { BufferJSON, useMultiFileAuthState } from '@whiskeysockets/baileys'
import { openAuthStore } from './auth-state.mjs'

const troubles = []
const options = { onTrouble: error => troubles.push(error.message), ...JSON.parse(process.argv[2]) }
const store = await openAuthStore(options)
const states = {}
const open = async company => (states[company] ??= await store.authState(company))
const folders = {}
const openFolder = async folder => (folders[folder] ??= await useMultiFileAuthState(folder))

const CALLS = {
	creds: async company => (await open(company)).state.creds,
	get: async (company, type, ids) => (await open(company)).state.keys.get(type, ids),
	set: async (company, data) => (await open(company)).state.keys.set(data),
	clear: async company => (await open(company)).state.keys.clear(),
	/** Every change of creds is saved at once, and nobody waits for one before the next. */
	async count(company, times) {
		const { state, saveCreds } = await open(company)
		const saved = []
		for (let i = 1; i <= times; i++) {
			state.creds.nextPreKeyId = i
			saved.push(saveCreds())
		}
		await Promise.all(saved)
	},
	/** Writes of one key that nobody waits for, and what is read then. */
	async race(company, times) {
		const { keys } = (await open(company)).state
		for (let i = 1; i <= times; i++) keys.set({ session: { '1.0': Buffer.from(String(i)) } })
		return keys.get('session', ['1.0'])
	},
	/** Reads that nobody waits for, by their ids in the order in which they are answered. */
	async answered(company, type, ids) {
		const { keys } = (await open(company)).state
		const order = []
		await Promise.all(ids.map(id => keys.get(type, [id]).then(() => order.push(id))))
		return order
	},
	/** More is added to what is being written, as commits of older versions do. */
	async grow(company, data, more) {
		const done = (await open(company)).state.keys.set(data)
		await new Promise(setImmediate)
		for (const [type, values] of Object.entries(more)) Object.assign((data[type] ??= {}), values)
		await done
	},
	/** Whether the class of a value is what the library's own folders give. */
	async classOf(company, type, id) {
		return (await open(company)).state.keys.get(type, [id]).then(found => found[id]?.constructor?.name)
	},
	async folder(folder, type, ids) {
		return (await openFolder(folder)).state.keys.get(type, ids)
	},
	folderCreds: async folder => (await openFolder(folder)).state.creds,
	async folderClassOf(folder, type, id) {
		return (await openFolder(folder)).state.keys.get(type, [id]).then(found => found[id]?.constructor?.name)
	},
	/** From a folder to the store, as the library's own values. */
	async copy(folder, company, names) {
		const from = await openFolder(folder)
		const { state, saveCreds } = await open(company)
		Object.assign(state.creds, from.state.creds)
		await saveCreds()
		for (const [type, ids] of Object.entries(names)) await state.keys.set({ [type]: await from.state.keys.get(type, ids) })
	},
	/** Let the bot's clock go ahead. */
	async later(seconds) {
		const now = Date.now
		Date.now = () => now() + seconds * 1000
	},
	troubles: async () => troubles
}

for await (const line of createInterface({ input: process.stdin })) {
	const [what, ...rest] = JSON.parse(line, BufferJSON.reviver)
	let answer
	try {
		answer = { value: (await CALLS[what](...rest)) ?? null }
	} catch (error) {
		answer = { error: error.message }
	}
	process.stdout.write(`${JSON.stringify(answer, BufferJSON.replacer)}\n`)
}
await store.close()
