/**
 * Who saw what. Every promise of the lab is read from here: a message is promised to some
 * devices, and for each of them it ends as
 *
 * - `clean`: arrived, and the device never asked for it again;
 * - `retry`: arrived after the library's own retry receipt;
 * - `lost`:  the wires went quiet and it never arrived.
 */
export class Witness {
	constructor() {
		this.arrived = new Set()
		this.retries = new Map()
		this.errors = new Map()
		this.notes = []
		this.stirred = 0
		this.readers = []
	}

	/** Something moved on a wire; quiet is counted from here. */
	stir() {
		this.stirred++
	}

	note(what, details) {
		this.notes.push({ what, ...details })
	}

	/** A device's library has read a key. */
	reading(device, type, id) {
		this.readers = this.readers.filter(wanted => {
			const seen = wanted.device === device && wanted.type === type && wanted.id === id
			if (seen) wanted.resolve()
			return !seen
		})
	}

	/** Wait until a device's library has read a key. */
	hasRead(device, type, id) {
		return new Promise(resolve => this.readers.push({ device, type, id, resolve }))
	}

	arrival(device, id) {
		this.arrived.add(`${device}/${id}`)
	}

	retry(device, id) {
		const key = `${device}/${id}`
		this.retries.set(key, (this.retries.get(key) ?? 0) + 1)
	}

	/** What the library logged when it could not decrypt. */
	error(device, id, message) {
		const key = `${device}/${id}`
		const known = this.errors.get(key) ?? []
		if (!known.includes(message)) this.errors.set(key, [...known, message])
	}

	/** What was noted about a message, with the errors that name none. */
	trail(id) {
		return this.notes.filter(note => (note.id ? note.id === id : note.what === 'error'))
	}

	outcome(device, id) {
		const key = `${device}/${id}`
		const retries = this.retries.get(key) ?? 0
		const outcome = !this.arrived.has(key) ? 'lost' : retries ? 'retry' : 'clean'
		return { device, outcome, retries, errors: this.errors.get(key) ?? [] }
	}

	/**
	 * Wait until all of `promised` arrived and nothing moved for `calm` looks in a row, or for `patience` looks.
	 * Looks are counted, not seconds: on a busy machine they come late, as the library's own
	 * timers do.
	 */
	async settle(promised, patience, calm = 4) {
		let seen = -1
		let looks = 0
		for (;;) {
			await new Promise(resolve => setTimeout(resolve, LOOK_MS))
			looks = this.stirred === seen ? looks + 1 : 0
			seen = this.stirred
			const all = promised.every(({ device, id }) => this.arrived.has(`${device}/${id}`))
			if (looks >= (all ? calm : patience)) return
		}
	}
}

export const LOOK_MS = 20
