/**
 * The server's side of app state (chat settings): per account and collection a list of
 * patches, as `resyncAppState` and `appPatch` in `lib/Socket/chats.js` ask for and send.
 *
 * The stand-in has no snapshots (they are downloaded from a media host); it answers a
 * request for one with all patches from the first, which the library accepts as well.
 */
import { child, children } from './node.mjs'

export class AppState {
	constructor() {
		/** `account/collection` -> patches, version n being patches[n - 1] */
		this.patches = new Map()
	}

	/** @returns the `<sync>` node that answers `sync` */
	answer(account, sync) {
		return {
			tag: 'sync',
			attrs: {},
			content: children(sync, 'collection').map(asked => this.#collection(account, asked))
		}
	}

	#collection(account, asked) {
		const { name } = asked.attrs
		const key = `${account}/${name}`
		if (!this.patches.has(key)) this.patches.set(key, [])
		const known = this.patches.get(key)
		const sent = child(asked, 'patch')
		const since = Number(asked.attrs.version)
		if (sent) known.push(Buffer.from(sent.content))
		const attrs = { name, type: 'result', version: String(since) }
		if (sent || since >= known.length) return { tag: 'collection', attrs, content: [] }
		// each patch gets its version from the collection's, so one patch goes out at a time
		attrs.has_more_patches = String(since + 1 < known.length)
		const patches = [{ tag: 'patch', attrs: {}, content: known[since] }]
		return { tag: 'collection', attrs, content: [{ tag: 'patches', attrs: {}, content: patches }] }
	}
}
