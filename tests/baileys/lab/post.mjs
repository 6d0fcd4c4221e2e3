/**
 * How the stand-in server carries messages and receipts from one device to others.
 *
 * Shapes as `relayMessage` (lib/Socket/messages-send.js) sends them and `decodeMessageNode`
 * (lib/Utils/decode-wa-message.js) reads them: a message has one `<enc>` for all (groups)
 * and a `<participants>` list with one `<enc>` for each device (sender keys, 1:1).
 */
import { child, children } from './node.mjs'

const isGroup = jid => jid?.endsWith('@g.us')
const serverOf = jid => (jid?.endsWith('@lid') ? 'lid' : 'pn')

/** @returns {{device: string, node: object}[]} what to deliver to whom */
export function addressMessage(directory, sender, stanza, now) {
	const { to, id } = stanza.attrs
	const common = { id, t: String(now), type: stanza.attrs.type ?? 'text' }
	if (stanza.attrs.category) common.category = stanza.attrs.category
	const shared = children(stanza, 'enc')
	const identity = children(stanza, 'device-identity')
	const own = new Map(
		children(child(stanza, 'participants'), 'to').map(item => [directory.deviceOf(item.attrs.jid), item])
	)
	const envelope = (device, attrs, shares = shared) => ({
		device,
		node: {
			tag: 'message',
			attrs: { ...attrs, ...common },
			content: [...(own.get(device)?.content ?? []), ...shares, ...identity]
		}
	})

	if (isGroup(to)) {
		const { addressing } = directory.groups[to]
		const only = stanza.attrs.participant && directory.deviceOf(stanza.attrs.participant)
		const devices = only ? [only] : directory.groupDevices(to, sender)
		const attrs = { from: to, ...spoken(directory, sender, addressing, 'participant') }
		return devices.map(device => envelope(device, attrs))
	}
	if (to === 'status@broadcast') {
		const attrs = { from: to, participant: directory.jid(sender) }
		return [...own.keys()].map(device => envelope(device, attrs))
	}
	// 1:1: by list, or (a resend, a peer message) to the one device that `to` names. Nothing comes back to
	// its sender: a helper that plays a phone asks "its phone" for a placeholder, and that is itself
	const devices = own.size ? [...own.keys()] : [directory.deviceOf(to)]
	return devices.filter(device => device && device !== sender).map(device => {
		const addressing = serverOf(own.get(device)?.attrs.jid ?? to)
		const chat = stanza.attrs.recipient ?? (own.size ? to : undefined)
		const copy = device.split('.')[0] === sender.split('.')[0] && chat
		return envelope(device, copy ? copied(directory, sender, addressing, chat) : spoken(directory, sender, addressing, 'from'))
	})
}

/** The sender's jid and, where LIDs exist, its other name, as attributes of a stanza. */
function spoken(directory, sender, addressing, role) {
	const attrs = { [role]: directory.jid(sender, addressing) }
	const other = role === 'from' ? 'sender' : role
	const [account] = sender.split('.')
	const lid = directory.publicLid(account)
	if (role === 'participant' && directory.knowsLid) attrs.addressing_mode = addressing
	if (!lid) return attrs
	if (addressing === 'lid') attrs[`${other}_pn`] = directory.userJid(account)
	else attrs[`${other}_lid`] = lid
	return attrs
}

/**
 * A copy for the sender's own other device names the chat it belongs to, and the chat's other
 * name instead of the sender's: `extractAddressingContext`, lib/Utils/decode-wa-message.js.
 */
function copied(directory, sender, addressing, chat) {
	const attrs = { from: directory.jid(sender, addressing), recipient: chat }
	const account = directory.accountOf(chat)
	const lid = account && directory.publicLid(account)
	if (lid) attrs[addressing === 'lid' ? 'peer_recipient_pn' : 'peer_recipient_lid'] = addressing === 'lid' ? directory.userJid(account) : lid
	return attrs
}

/** Receipts go to the device that sent the message; retries carry what the sender needs. */
export function addressReceipt(directory, sender, stanza, now) {
	const { to, participant } = stanza.attrs
	const target = participant ?? to
	const device = directory.deviceOf(target)
	if (!device) return []
	const attrs = { ...stanza.attrs, t: String(now) }
	delete attrs.to
	if (participant) {
		attrs.from = to
		attrs.participant = directory.jid(sender, serverOf(participant))
	} else {
		attrs.from = directory.jid(sender, serverOf(to))
	}
	return [{ device, node: { tag: 'receipt', attrs, content: stanza.content } }]
}
