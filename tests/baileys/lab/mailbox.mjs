/**
 * What waits for a device that is not connected. The server delivers it in order at the next
 * connection, each stanza marked `offline`, and says `<ib><offline count/></ib>` at the end.
 */
export class Mailboxes {
	constructor() {
		this.boxes = new Map()
	}

	put(device, node) {
		if (!this.boxes.has(device)) this.boxes.set(device, [])
		this.boxes.get(device).push(node)
	}

	empty(device) {
		const waiting = this.boxes.get(device) ?? []
		this.boxes.delete(device)
		return waiting
	}
}
