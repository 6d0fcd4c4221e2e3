/**
 * A stand-in for WhatsApp's server on the loopback: it logs devices in, keeps their pre-key
 * bundles, says who has which devices and LID, carries messages and receipts and keeps them
 * for devices that are away. It reads no content: like the real one it sees only ciphertext.
 *
 * Everything between two devices (encryption, retry receipts, resending, minting keys) is done
 * by the library's own sockets on both ends.
 */
import { answer, questionOf } from './answers.mjs'
import { AppState } from './appstate.mjs'
import { Directory } from './directory.mjs'
import { KeyShelf } from './keyshelf.mjs'
import { Mailboxes } from './mailbox.mjs'
import { child } from './node.mjs'
import { NoiseConnection } from './noise.mjs'
import { addressMessage, addressReceipt } from './post.mjs'

const SERVER = 's.whatsapp.net'
const LOW = 5
const LATENCY_TURNS = 15

export class Server {
	/**
	 * @param library see library.mjs
	 * @param authority see noise.mjs
	 * @param tables {accounts, groups} of cast.mjs
	 */
	constructor(library, authority, tables, witness) {
		this.library = library
		this.authority = authority
		this.witness = witness
		this.tables = tables
		this.directory = new Directory(tables, library.knowsLid)
		this.shelf = new KeyShelf()
		this.mail = new Mailboxes()
		this.appState = new AppState()
		/** device -> open connection */
		this.online = new Map()
		/** devices whose first upload is a small one, see advertisedCount */
		this.modest = new Set()
		/** answers that wait or fail, see `hold` */
		this.gates = []
		this.lastId = 0
	}

	/**
	 * Let a device wait for the answer to its next question of this sort, as on a slow line.
	 * @returns {{asked: Promise, open: () => void, refuse: () => void}} `asked` once it waits; then give the answer, or an error
	 */
	hold(device, question) {
		const gate = { device, question }
		gate.asked = new Promise(resolve => (gate.ask = resolve))
		const passed = new Promise(resolve => {
			gate.open = () => resolve(false)
			gate.refuse = () => resolve(true)
		})
		gate.pass = () => {
			gate.ask()
			this.gates.splice(this.gates.indexOf(gate), 1)
			return passed
		}
		this.gates.push(gate)
		return gate
	}

	async listen() {
		this.sockets = new this.library.WebSocketServer({ host: '127.0.0.1', port: 0 })
		this.sockets.on('connection', socket => this.#accept(socket))
		await new Promise(resolve => this.sockets.once('listening', resolve))
		return `ws://127.0.0.1:${this.sockets.address().port}/ws/chat`
	}

	async close() {
		for (const socket of this.sockets.clients) socket.terminate()
		await new Promise(resolve => this.sockets.close(resolve))
	}

	#accept(socket) {
		const noise = new NoiseConnection(this.library, this.authority)
		const connection = { socket, noise, device: undefined, send: node => socket.send(noise.encode(node)) }
		let stage = 'hello'
		let queue = Promise.resolve()
		const onFrame = async frame => {
			if (stage === 'hello') {
				socket.send(noise.answerHello(frame))
				stage = 'finish'
			} else if (stage === 'finish') {
				const payload = noise.readFinish(frame)
				stage = 'talk'
				await this.#login(connection, payload)
			} else {
				this.#hear(connection, await noise.decode(frame))
			}
		}
		socket.on('message', data => {
			for (const frame of noise.receive(data)) {
				queue = queue.then(() => onFrame(frame)).catch(error => this.witness.note('server', { error: error.stack }))
			}
		})
		socket.on('close', () => {
			if (this.online.get(connection.device) === connection) this.online.delete(connection.device)
		})
	}

	/** `generateLoginNode` names user and device; without them it is a registration. */
	async #login(connection, { username, device }) {
		// the client changes keys after its last handshake frame (finishInit, lib/Utils/noise-handler.js);
		// before rc.10 a frame that overtakes that breaks the connection, which no real network is fast enough to do
		for (let turn = 0; turn < LATENCY_TURNS; turn++) await new Promise(resolve => setTimeout(resolve, 10))
		const jid = username ? `${username}:${device ?? 0}@${SERVER}` : undefined
		connection.device = this.directory.deviceOf(jid)
		if (!connection.device) {
			connection.send({
				tag: 'iq',
				attrs: { from: SERVER, type: 'set', id: this.#id() },
				content: [{ tag: 'pair-device', attrs: {}, content: [{ tag: 'ref', attrs: {}, content: Buffer.from('lab') }] }]
			})
			return
		}
		this.online.set(connection.device, connection)
		const attrs = { t: String(this.#now()) }
		const [account] = connection.device.split('.')
		if (this.library.knowsLid && !this.tables.accounts[account].lidHidden) {
			attrs.lid = this.directory.jid(connection.device, 'lid')
		}
		connection.send({ tag: 'success', attrs, content: [] })
	}

	#hear(connection, stanza) {
		if (stanza.tag === 'iq') return this.#answer(connection, stanza)
		if (stanza.tag === 'message') return this.#carry(connection, stanza, addressMessage)
		if (stanza.tag === 'receipt') {
			const retry = stanza.attrs.type === 'retry'
			if (retry) this.#noteRetry(connection.device, stanza)
			return this.#carry(connection, stanza, addressReceipt)
		}
	}

	#answer(connection, iq) {
		if (iq.attrs.xmlns !== 'w:p') this.witness.stir()
		if (iq.attrs.type === 'result') return
		const gate = this.gates.find(({ device, question }) => device === connection.device && question === questionOf(iq))
		if (!gate) return this.#reply(connection, iq)
		// nobody else waits for it: what this device says meanwhile is heard
		void gate.pass().then(refused => (refused ? this.#refuse(connection, iq) : this.#reply(connection, iq)))
	}

	#refuse(connection, iq) {
		const error = { tag: 'error', attrs: { code: '500', text: 'internal-server-error' }, content: undefined }
		connection.send({ tag: 'iq', attrs: { id: iq.attrs.id, from: iq.attrs.to ?? SERVER, type: 'error' }, content: [error] })
	}

	#reply(connection, iq) {
		const { id, xmlns } = iq.attrs
		const content = answer(this, connection.device, iq)
		connection.send({ tag: 'iq', attrs: { id, from: iq.attrs.to ?? SERVER, type: 'result' }, content })
		// the client says it is ready for what waited: sendPassiveIq('active'), lib/Socket/socket.js
		if (xmlns === 'passive') this.#deliverWaiting(connection)
	}

	#deliverWaiting(connection) {
		const waiting = this.mail.empty(connection.device)
		waiting.forEach((node, index) => {
			connection.send({ ...node, attrs: { ...node.attrs, offline: String(index) } })
		})
		const offline = { tag: 'offline', attrs: { count: String(waiting.length) } }
		connection.send({ tag: 'ib', attrs: { from: SERVER }, content: [offline] })
	}

	#carry(connection, stanza, address) {
		this.witness.stir()
		if (stanza.tag === 'message') this.#remember(connection.device, stanza)
		for (const { device, node } of address(this.directory, connection.device, stanza, this.#now())) {
			const target = this.online.get(device)
			if (target) target.send(node)
			else this.mail.put(device, node)
		}
		const { id, to, type, participant } = stanza.attrs
		const attrs = { id, from: to, class: stanza.tag, t: String(this.#now()) }
		if (stanza.tag === 'receipt' && type) attrs.type = type
		if (participant) attrs.participant = participant
		connection.send({ tag: 'ack', attrs })
	}

	#remember(device, stanza) {
		const { id, to, participant } = stanza.attrs
		this.witness.note('message', { device, id, to: participant ?? to, tctoken: Boolean(child(stanza, 'tctoken')) })
	}

	#noteRetry(device, stanza) {
		const { count } = child(stanza, 'retry').attrs
		this.witness.retry(device, stanza.attrs.id)
		this.witness.note('retry', { device, id: stanza.attrs.id, count, keys: Boolean(child(stanza, 'keys')) })
	}

	/**
	 * How many keys the server says it holds. Only the bot and those not in `modest` start from
	 * none; for the others the server claims a handful, so that the library uploads a small
	 * batch instead of 812 and the lab stays quick to copy.
	 */
	advertisedCount(device) {
		return this.modest.has(device) && !this.shelf.shelves.has(device) ? LOW : this.shelf.count(device)
	}

	/** The notice `handleEncryptNotification` (lib/Socket/messages-recv.js) reacts to. */
	warnIfLow(device) {
		const value = this.shelf.count(device)
		if (value !== LOW - 1) return
		this.notify(device, { type: 'encrypt' }, [{ tag: 'count', attrs: { value: String(value) } }])
	}

	notify(device, attrs, content) {
		const node = {
			tag: 'notification',
			attrs: { from: SERVER, id: this.#id(), t: String(this.#now()), ...attrs },
			content
		}
		this.online.get(device)?.send(node)
	}

	#now() {
		return Math.floor(Date.now() / 1000)
	}

	#id() {
		return `lab-${++this.lastId}`
	}

	/** Everything that outlives the process. */
	get state() {
		return {
			tables: this.tables,
			shelves: [...this.shelf.shelves],
			boxes: [...this.mail.boxes],
			patches: [...this.appState.patches]
		}
	}

	set state({ shelves, boxes, patches }) {
		this.shelf.shelves = new Map(shelves)
		this.mail.boxes = new Map(boxes)
		this.appState.patches = new Map(patches)
	}
}
