/**
 * A world: the cast, their folders, the server's tables and the apps' stores, on disk between
 * two programs. `<root>/folders/<device>/` are auth folders; `<root>/world.json` is the rest.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { castOf } from './cast.mjs'
import { Identity } from './identity.mjs'
import { freeze, thaw } from './node.mjs'
import { Server } from './server.mjs'
import { Witness } from './witness.mjs'

export class World {
	/**
	 * @param getMessage whether the apps keep what they sent; `forgetful` are devices whose apps never do
	 * @param bare devices whose apps hand their keys to the library without a cache in front
	 * @param store where the keys of one device lie if not in a folder: `{device, company, program, postgres, redis}`,
	 *   `program` being an `auth-state.mjs` beside the library and the clients
	 */
	constructor(library, authority, root, { getMessage = true, forgetful = [], bare = [], store, saved } = {}) {
		this.library = library
		this.root = root
		this.store = store
		this.keepsMessages = device => getMessage && !forgetful.includes(device)
		this.isBare = device => bare.includes(device)
		/** only a new world pairs; an old one whose creds are gone has to be paired again */
		this.pairing = !saved
		this.witness = new Witness()
		this.server = new Server(library, authority, saved?.server.tables ?? castOf(library), this.witness)
		if (saved) this.server.state = saved.server
		this.directory = this.server.directory
		this.sent = new Map(saved?.sent ?? [])
		this.people = new Map()
	}

	static open(library, authority, root, options) {
		const saved = thaw(readFileSync(join(root, 'world.json'), 'utf8'))
		return new World(library, authority, root, { ...options, saved })
	}

	save(extra = {}) {
		mkdirSync(this.root, { recursive: true })
		const whole = { version: this.library.version, server: this.server.state, sent: [...this.sent], ...extra }
		writeFileSync(join(this.root, 'world.json'), freeze(whole))
	}

	/** The auth state of a device: its folder's, or its company's in the store. */
	async openAuth(device, folder) {
		if (device !== this.store?.device) return this.library.baileys.useMultiFileAuthState(folder)
		const { openAuthStore } = await import(pathToFileURL(this.store.program).href)
		this.opened ??= await openAuthStore(this.store)
		return this.opened.authState(this.store.company)
	}

	async start() {
		this.url = await this.server.listen()
	}

	async connect(...devices) {
		await Promise.all(
			devices.map(async device => {
				const person = new Identity(this, device)
				this.people.set(device, person)
				await person.connect(this.url)
			})
		)
	}

	person(device) {
		return this.people.get(device)
	}

	async disconnect(...devices) {
		await Promise.all(devices.map(device => this.people.get(device)?.close()))
		for (const device of devices) this.people.delete(device)
	}

	async stop() {
		await this.disconnect(...this.people.keys())
		await this.server.close()
		await this.opened?.close()
	}
}
