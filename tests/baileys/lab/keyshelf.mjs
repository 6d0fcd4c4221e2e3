/**
 * The server's table of uploaded pre-key bundles: what `uploadPreKeys` in
 * `lib/Socket/socket.js` sends up, and what a contact is handed to start a session.
 *
 * A one-time key is handed out once and forgotten. When a shelf is empty the bundle goes out
 * without one, as the Signal protocol allows. In which order WhatsApp hands keys out is not
 * public; `order` can be 'oldest' (the default) or 'newest'.
 */
export class KeyShelf {
	constructor(order = 'oldest') {
		this.order = order
		/** device -> {registration, type, identity, signed, keys: [{id, value}]} */
		this.shelves = new Map()
		/** device -> how many one-time keys went out */
		this.handedOut = new Map()
	}

	count(device) {
		return this.shelves.get(device)?.keys.length ?? 0
	}

	store(device, { registration, type, identity, signed, keys }) {
		const known = this.shelves.get(device)?.keys ?? []
		this.shelves.set(device, { registration, type, identity, signed, keys: [...known, ...keys] })
	}

	/** @returns the bundle of a device, its one-time key removed from the shelf */
	take(device) {
		const shelf = this.shelves.get(device)
		if (!shelf) return undefined
		const key = this.order === 'newest' ? shelf.keys.pop() : shelf.keys.shift()
		if (key) this.handedOut.set(device, (this.handedOut.get(device) ?? 0) + 1)
		return { ...shelf, key }
	}

	/** As if contacts had drawn all but the newest few. */
	drain(device, left) {
		const shelf = this.shelves.get(device)
		shelf.keys = shelf.keys.slice(-left)
	}
}
