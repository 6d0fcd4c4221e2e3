/**
 * Saying and checking: one line of a conversation is a message, the devices it is promised
 * to, and how it ended for each of them.
 */
import { LOOK_MS } from './witness.mjs'

/**
 * How long the wires must be still before a message counts as lost: longer than the longest
 * pause the library makes before it asks again. 6.x waits 5 s for the phone inside
 * `sendRetryRequest` (`requestPlaceholderResend`, lib/Socket/messages-recv.js); 7.x does that
 * beside the retry, and before rc.10 pauses 1 s after a PreKey error.
 */
export const patience = library => (library.knowsLid ? 2500 : 6500) / LOOK_MS

export class Script {
	constructor(world) {
		this.world = world
		this.lines = []
	}

	/**
	 * Say a line and wait until it has come to an end.
	 * @param step name of the line in the results
	 * @param send sends, and returns the message id
	 * @param devices who must get it
	 */
	async line(step, send, devices) {
		const line = await this.say(step, send, devices)
		if (!line.failure) await this.settle([line])
	}

	/** Say a line. @returns the line, once it is on its way */
	async say(step, send, devices) {
		const line = { step, devices }
		try {
			line.id = await send()
		} catch (error) {
			// the app sees an exception: nobody gets anything
			line.id = `unsent-${step}`
			line.failure = String(error)
		}
		this.lines.push(line)
		return line
	}

	async settle(lines = this.lines) {
		const promised = lines.flatMap(({ id, devices }) => devices.map(device => ({ id, device })))
		await this.world.witness.settle(promised, patience(this.world.library))
	}

	/** Wait until nobody asks for anything again any more: receipts may come late, and be for what has arrived. */
	async quiet() {
		const long = patience(this.world.library)
		await this.world.witness.settle([], long, long)
	}

	/** One entry per line and device. */
	outcomes() {
		return this.lines.flatMap(({ step, id, devices, failure }) =>
			devices.map(device => {
				const result = { step, ...this.world.witness.outcome(device, id) }
				if (failure) Object.assign(result, { failure, errors: [failure] })
				// for whoever asks why: all that was said about a message that never came
				if (result.outcome === 'lost') result.trail = this.world.witness.trail(id)
				return result
			})
		)
	}
}
