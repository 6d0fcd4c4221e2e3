/**
 * What the stand-in server answers to the library's questions (`iq` stanzas). Each answer has
 * the shape the library's parser of that question reads; a question nobody here knows gets an
 * empty result, which the library takes for "nothing there".
 */
import { child, children, bytes } from './node.mjs'

const SERVER = 's.whatsapp.net'
const plain = (tag, attrs = {}, content = undefined) => ({ tag, attrs, content })

const first = iq => (Array.isArray(iq.content) ? iq.content[0] : undefined)

/** What is asked, in one word: `w:g2/get/query`. */
export const questionOf = iq => `${iq.attrs.xmlns}/${iq.attrs.type}/${first(iq)?.tag ?? ''}`

/** What a group is, and who is in it: the first thing a message to it needs. */
export const ABOUT_A_GROUP = 'w:g2/get/query'

/** @returns the children of the `result` stanza */
export function answer(server, device, iq) {
	return (ANSWERS[questionOf(iq)] ?? (() => []))(server, device, iq, first(iq))
}

const ANSWERS = {
	'encrypt/get/count': (server, device) => [plain('count', { value: String(server.advertisedCount(device)) })],
	'encrypt/get/digest': () => [plain('digest')],
	'encrypt/set/registration': storeBundle,
	'encrypt/get/key': handOutBundles,
	'usync/get/usync': tellDevices,
	[ABOUT_A_GROUP]: (server, device, iq) => [describeGroup(server, iq.attrs.to)],
	'abt/get/props': () => [plain('props', { hash: 'lab' }, [plain('prop', { name: '10518', value: 'true' })])],
	'privacy/get/privacy': () => [plain('privacy', {}, [])],
	'blocklist/get/': () => [plain('list', {}, [])],
	'w:sync:app:state/set/sync': (server, device, iq, sync) => [
		server.appState.answer(device.split('.')[0], sync)
	]
}

/** `getNextPreKeysNode`, lib/Utils/signal.js. */
function storeBundle(server, device, iq) {
	const item = key => ({ id: bytes(child(key, 'id')), value: bytes(child(key, 'value')) })
	const signed = child(iq, 'skey')
	server.shelf.store(device, {
		registration: bytes(child(iq, 'registration')),
		type: bytes(child(iq, 'type')),
		identity: bytes(child(iq, 'identity')),
		signed: { ...item(signed), signature: bytes(child(signed, 'signature')) },
		keys: children(child(iq, 'list'), 'key').map(item)
	})
	server.witness.note('upload', { device, keys: children(child(iq, 'list'), 'key').length })
	return []
}

/** `assertSessions`, lib/Socket/messages-send.js, read by `parseAndInjectE2ESessions`. */
function handOutBundles(server, device, iq, asked) {
	const users = children(asked, 'user').flatMap(({ attrs }) => {
		const owner = server.directory.deviceOf(attrs.jid)
		const bundle = owner && server.shelf.take(owner)
		if (!bundle) return []
		server.witness.note('bundle', { of: owner, for: device })
		server.warnIfLow(owner)
		const pair = ({ id, value }) => [plain('id', {}, id), plain('value', {}, value)]
		const content = [
			plain('registration', {}, bundle.registration),
			plain('type', {}, bundle.type),
			plain('identity', {}, bundle.identity),
			plain('skey', {}, [...pair(bundle.signed), plain('signature', {}, bundle.signed.signature)])
		]
		if (bundle.key) content.push(plain('key', {}, pair(bundle.key)))
		return [plain('user', { jid: attrs.jid }, content)]
	})
	return [plain('list', {}, users)]
}

/** `getUSyncDevices`, `pnFromLIDUSync`, `onWhatsApp` (by phone number); read by lib/WAUSync/Protocols. */
function tellDevices(server, device, iq, asked) {
	const wanted = children(child(asked, 'query'), 'devices').length > 0
	const users = children(child(asked, 'list'), 'user').flatMap(({ attrs, content }) => {
		const phone = child({ content }, 'contact')
		const jid = attrs.jid ?? `${String(bytes(phone)).replace('+', '')}@${SERVER}`
		const account = server.directory.accountOf(jid)
		if (!account) return []
		const told = []
		if (phone) told.push(plain('contact', { type: 'in' }))
		if (wanted) {
			const list = server.directory.accounts[account].devices.map(id =>
				plain('device', id === 0 ? { id: '0' } : { id: String(id), 'key-index': '1' })
			)
			told.push(plain('devices', {}, [plain('device-list', {}, list)]))
		}
		const lid = jid.endsWith(`@${SERVER}`) ? server.directory.publicLid(account) : undefined
		if (lid && child(child(asked, 'query'), 'lid')) told.push(plain('lid', { val: lid }))
		return [plain('user', { jid }, told)]
	})
	return [plain('usync', {}, [plain('list', {}, users)])]
}

/** `groupMetadata`, lib/Socket/groups.js. */
function describeGroup(server, id) {
	const { addressing, members } = server.directory.groups[id]
	const participants = members.map(name => {
		const pn = server.directory.userJid(name)
		const lid = server.directory.publicLid(name)
		if (addressing === 'lid') return plain('participant', { jid: lid, phone_number: pn })
		return plain('participant', lid ? { jid: pn, lid } : { jid: pn })
	})
	const attrs = {
		id: id.split('@')[0],
		subject: 'lab',
		creation: '1600000000',
		s_t: '1600000000',
		s_o: participants[0].attrs.jid,
		creator: participants[0].attrs.jid,
		addressing_mode: addressing
	}
	return plain('group', attrs, participants)
}
