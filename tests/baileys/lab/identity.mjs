/**
 * One device: a real Baileys socket over a real auth folder, or over a database, set up as the guides do
 * (`useMultiFileAuthState`, `creds.update` saved, keys behind the cacheable store, or bare).
 */
import { join } from 'node:path'

const LOGIN_TURNS = 1500

/** What the library logs as errors: why a decryption failed, and what else went wrong, by message id. */
function listeningLogger(onFailedDecryption, onError) {
	const logger = { level: 'error', child: () => logger }
	for (const level of ['trace', 'debug', 'info', 'warn']) logger[level] = () => {}
	logger.error = (details, message) => {
		const why = details?.err?.message ?? details?.error?.message ?? details?.trace ?? String(details?.err)
		if (message === 'failed to decrypt message') onFailedDecryption(details?.key?.id, why)
		onError(details?.key?.id ?? details?.ids?.[0], `${message}: ${why}`)
	}
	return logger
}

export class Identity {
	/**
	 * @param world {library, directory, witness, root, sent}; `sent` is the app's own store of
	 *   what it sent, which `getMessage` reads, and survives a restart as a database would
	 * @param device for example `bot.7`
	 */
	constructor(world, device) {
		this.world = world
		this.device = device
		this.folder = join(world.root, 'folders', device)
		this.pairing = false
	}

	/** Connect, and as every app does, try again when that comes to nothing. */
	async connect(url) {
		for (let left = 2; ; left--) {
			const attempt = { over: false }
			try {
				const connecting = this.world.library.as(this.device, () => this.#connect(url, attempt))
				await Promise.race([connecting, this.#giveUp(attempt)])
				attempt.over = true
				return
			} catch (error) {
				attempt.over = true
				await this.close()
				if (!left) throw error
				this.world.witness.note('login again', { device: this.device, why: error.message })
			}
		}
	}

	/** Turns of the loop are counted, not seconds: on a busy machine everything is late. */
	async #giveUp(attempt) {
		for (let turn = 0; turn < LOGIN_TURNS && !attempt.over; turn++) {
			await new Promise(resolve => setTimeout(resolve, 20))
		}
		if (!attempt.over) throw new Error(`${this.device} could not log in`)
	}

	async #connect(url, attempt) {
		const { library, witness, directory } = this.world
		const logger = listeningLogger(
			(id, message) => witness.error(this.device, id, message),
			(id, said) => witness.note('error', { device: this.device, id, said })
		)
		const { state, saveCreds } = await this.world.openAuth(this.device, this.folder)
		// two sockets of one identity, each with its own cache of keys, would undo each other's work
		if (attempt.over) return
		if (this.world.pairing) this.#pair(state.creds, directory)
		this.creds = state.creds
		const config = {
			auth: { creds: state.creds, keys: this.#keys(state.keys, logger) },
			logger,
			waWebSocketUrl: url,
			connectTimeoutMs: 60_000,
			// history is sent by a phone from a media host, which the lab has not
			shouldSyncHistoryMessage: () => false
		}
		if (this.world.keepsMessages(this.device)) config.getMessage = ({ id }) => this.#stored(id)
		this.socket = library.makeWASocket(config)
		this.socket.ev.on('creds.update', saveCreds)
		this.saving = saveCreds
		this.socket.ev.on('messages.upsert', ({ messages }) => {
			for (const { key, message, messageStubType } of messages) {
				// only the stub of a failed decryption has no content
				if (message && !messageStubType) witness.arrival(this.device, key.id)
			}
		})
		await new Promise((resolve, reject) => {
			this.socket.ev.on('connection.update', ({ connection, qr, lastDisconnect }) => {
				if (qr) this.pairing = true
				if (connection === 'open' || qr) resolve()
				if (connection === 'close') reject(lastDisconnect?.error ?? new Error('closed'))
			})
		})
	}

	/** The keys as the app hands them to the library: as they come, or behind the library's cache of five minutes. */
	#keys(bare, logger) {
		const { library, witness, isBare } = this.world
		const keys = isBare(this.device) ? bare : library.baileys.makeCacheableSignalKeyStore(bare, logger)
		const get = async (type, ids) => {
			const found = await keys.get(type, ids)
			for (const id of ids) witness.reading(this.device, type, id)
			return found
		}
		return { ...keys, get }
	}

	/**
	 * Pairing by QR code needs a phone; the lab writes the three fields that
	 * `configureSuccessfulPairing` (lib/Utils/validate-connection.js) leaves behind.
	 */
	#pair(creds, directory) {
		if (creds.me) return
		creds.me = { id: directory.jid(this.device), name: this.device }
		if (this.world.library.knowsLid) creds.me.lid = directory.jid(this.device, 'lid')
		const part = size => Buffer.alloc(size, 7)
		creds.account = {
			details: part(16),
			accountSignatureKey: part(32),
			accountSignature: part(64),
			deviceSignature: part(64)
		}
	}

	/** A message is wanted again as soon as it is on the wire, when its send may still be writing keys. */
	async #stored(id) {
		await this.sending
		const message = this.world.sent.get(id)
		return message && this.world.library.baileys.proto.Message.decode(message)
	}

	/** Send a text; the app keeps what it sent. @returns the message id */
	async send(jid, text, options = {}) {
		this.world.witness.stir()
		const sending = this.world.library.as(this.device, () => this.#sendAndKeep(jid, text, options))
		this.sending = Promise.allSettled([this.sending, sending])
		return sending
	}

	async #sendAndKeep(jid, text, options) {
		const sent = await this.socket.sendMessage(jid, { text }, options)
		const { Message } = this.world.library.baileys.proto
		this.world.sent.set(sent.key.id, Buffer.from(Message.encode(sent.message).finish()))
		return sent.key.id
	}

	/** Stop as a process does that is told to: the socket ends, what is pending is written. */
	async close() {
		if (!this.socket) return
		this.socket.ev.removeAllListeners('connection.update')
		await this.socket.end(undefined)
		await this.saving()
		this.socket = undefined
	}
}
