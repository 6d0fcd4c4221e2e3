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
	 * @param step name of the line in the results
	 * @param say sends, and returns the message id
	 * @param devices who must get it
	 */
	async line(step, say, devices) {
		let id
		try {
			id = await say()
		} catch (error) {
			// the app sees an exception: nobody gets anything
			this.lines.push({ step, id: `unsent-${step}`, devices, failure: error.message })
			return
		}
		this.lines.push({ step, id, devices })
		await this.settle([{ id, devices }])
	}

	async settle(lines = this.lines) {
		const promised = lines.flatMap(({ id, devices }) => devices.map(device => ({ id, device })))
		await this.world.witness.settle(promised, patience(this.world.library))
	}

	/** One entry per line and device. */
	outcomes() {
		return this.lines.flatMap(({ step, id, devices, failure }) =>
			devices.map(device => {
				const result = { step, ...this.world.witness.outcome(device, id) }
				if (failure) result.errors = [failure]
				// for whoever asks why: all that was said about a message that never came
				if (result.outcome === 'lost') result.trail = this.world.witness.trail(id)
				return result
			})
		)
	}
}
