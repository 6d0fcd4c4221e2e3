/**
 * A stand-in for WhatsApp's server, and for the phone that scans: as far as pairing goes.
 *
 *     node standin.mjs INSTALLED REFS
 *
 * It hands out REFS references at a time (`pair-device`). A line `{"scan": PAYLOAD}` on stdin plays the phone:
 * what the payload holds is signed as `configureSuccessfulPairing` (lib/Utils/validate-connection.js) wants it, and
 * the server asks for a new connection (515), where the client then logs in. `{"hang_up": CODE}` ends the connections.
 * Each line on stdout is one event as JSON; the first has the address and the root key.
 */
import { createHmac } from 'node:crypto'
import { createInterface } from 'node:readline'
import { openLibrary } from '../lab/library.mjs'
import { child } from '../lab/node.mjs'
import { makeAuthority, NoiseConnection } from '../lab/noise.mjs'

const [installed, refs] = process.argv.slice(2)
const SERVER = 's.whatsapp.net'
const JID = `15550000009:3@${SERVER}`
const ACCOUNT = Buffer.from([6, 0])
const library = await openLibrary(installed)
const { Curve, proto } = library.baileys
const authority = makeAuthority(library)
const phone = Curve.generateKeyPair()
const open = new Set()
let handed = 0
let waiting

const tell = event => process.stdout.write(`${JSON.stringify(event)}\n`)

function accept(socket) {
	const noise = new NoiseConnection(library, authority)
	const connection = { socket, send: node => socket.send(noise.encode(node)) }
	open.add(connection)
	let stage = 'hello'
	let queue = Promise.resolve()
	const onFrame = async frame => {
		if (stage === 'hello') {
			socket.send(noise.answerHello(frame))
			stage = 'finish'
		} else if (stage === 'finish') {
			const payload = noise.readFinish(frame)
			stage = 'talk'
			// the client changes its keys a moment after its last frame, on a busy machine a longer one
			await new Promise(resolve => setTimeout(resolve, 500))
			payload.username ? logIn(connection, payload) : register(connection)
		} else {
			hear(connection, await noise.decode(frame))
		}
	}
	socket.on('message', data => {
		for (const frame of noise.receive(data)) {
			queue = queue.then(() => onFrame(frame)).catch(error => tell({ trouble: error.message }))
		}
	})
	socket.on('close', () => {
		open.delete(connection)
		tell({ closed: true })
	})
}

function register(connection) {
	waiting = connection
	const content = Array.from({ length: Number(refs) }, () => ({
		tag: 'ref',
		attrs: {},
		content: Buffer.from(`ref-${++handed}`)
	}))
	tell({ handed_out: content.length })
	const pair = { tag: 'pair-device', attrs: {}, content }
	connection.send({ tag: 'iq', attrs: { from: SERVER, type: 'set', id: `pair-${handed}` }, content: [pair] })
}

/** The phone: it has the secret from the QR code, and signs the identity key that stands there as well. */
function scan(payload) {
	const [ref, , identity, secret] = payload.slice(payload.indexOf('#') + 1).split(',')
	const details = proto.ADVDeviceIdentity.encode({ rawId: 1, timestamp: 1, keyIndex: 1, deviceType: 0 }).finish()
	const accountSignature = Curve.sign(
		phone.private,
		Buffer.concat([ACCOUNT, details, Buffer.from(identity, 'base64')])
	)
	const signed = proto.ADVSignedDeviceIdentity.encode({
		details,
		accountSignatureKey: phone.public,
		accountSignature
	}).finish()
	const hmac = createHmac('sha256', Buffer.from(secret, 'base64')).update(signed).digest()
	const content = proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish()
	tell({ scanned: ref })
	waiting.send({
		tag: 'iq',
		attrs: { from: SERVER, type: 'set', id: 'success' },
		content: [
			{
				tag: 'pair-success',
				attrs: {},
				content: [
					{ tag: 'device-identity', attrs: {}, content },
					{ tag: 'device', attrs: { jid: JID, lid: '100000000000009:3@lid' } },
					{ tag: 'platform', attrs: { name: 'android' } }
				]
			}
		]
	})
}

function hear(connection, stanza) {
	if (stanza.tag !== 'iq') return
	if (child(stanza, 'pair-device-sign')) {
		tell({ signed: true })
		connection.send({ tag: 'stream:error', attrs: { code: '515' }, content: [] })
		return
	}
	if (stanza.attrs.type === 'result') return
	const asked = Array.isArray(stanza.content) ? stanza.content[0]?.tag : undefined
	const content = asked === 'count' ? [{ tag: 'count', attrs: { value: '30' } }] : []
	connection.send({ tag: 'iq', attrs: { id: stanza.attrs.id, from: SERVER, type: 'result' }, content })
}

function logIn(connection, { username, device }) {
	tell({ logged_in: `${username}:${device}` })
	connection.send({ tag: 'success', attrs: { t: '1', lid: '100000000000009:3@lid' }, content: [] })
}

const sockets = new library.WebSocketServer({ host: '127.0.0.1', port: 0 })
sockets.on('connection', accept)
await new Promise(resolve => sockets.once('listening', resolve))
createInterface({ input: process.stdin })
	.on('line', line => {
		const { scan: payload, hang_up: code } = JSON.parse(line)
		if (payload) scan(payload)
		if (code) for (const { send } of open) send({ tag: 'failure', attrs: { reason: String(code) }, content: [] })
	})
	.on('close', () => process.exit(0))
const url = `ws://127.0.0.1:${sockets.address().port}/ws/chat`
tell({ url, key: Buffer.from(library.defaults.WA_CERT_DETAILS.PUBLIC_KEY).toString('base64') })
