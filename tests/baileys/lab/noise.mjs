/**
 * The server's half of the Noise_XX handshake that `lib/Utils/noise-handler.js` speaks.
 *
 * The library ships only the client's half. A connection starts with the four bytes of
 * NOISE_WA_HEADER; after that every frame is a three-byte length and its bytes.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'

const NONE = Buffer.alloc(0)
const sha256 = data => createHash('sha256').update(data).digest()

function iv(counter) {
	const bytes = Buffer.alloc(12)
	bytes.writeUInt32BE(counter, 8)
	return bytes
}

function seal(plain, key, counter, aad) {
	const cipher = createCipheriv('aes-256-gcm', key, iv(counter))
	cipher.setAAD(aad)
	return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function open(sealed, key, counter, aad) {
	const decipher = createDecipheriv('aes-256-gcm', key, iv(counter))
	decipher.setAAD(aad)
	decipher.setAuthTag(sealed.subarray(-16))
	return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
}

/**
 * The certificate chain the client asks for. The client checks it against a public key and
 * a serial number held in `Defaults.WA_CERT_DETAILS`; in this process that one object is
 * pointed at the lab's own root, which is the only constant of the library the lab touches.
 */
export function makeAuthority({ baileys, defaults }) {
	const { Curve, proto } = baileys
	const root = Curve.generateKeyPair()
	const intermediate = Curve.generateKeyPair()
	const serverStatic = Curve.generateKeyPair()
	const { Details } = proto.CertChain.NoiseCertificate
	const certificate = (key, signer) => {
		const details = Details.encode({ serial: 1, issuerSerial: 0, key: key.public }).finish()
		return { details, signature: Curve.sign(signer.private, details) }
	}
	const chain = proto.CertChain.encode({
		leaf: certificate(serverStatic, intermediate),
		intermediate: certificate(intermediate, root)
	}).finish()
	defaults.WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(root.public)
	return { serverStatic, chain }
}

/** One connection: `receive(bytes)` yields decoded frames, `frame(bytes)` wraps what goes out. */
export class NoiseConnection {
	constructor({ baileys, defaults }, authority) {
		this.baileys = baileys
		this.authority = authority
		this.header = Buffer.from(defaults.NOISE_WA_HEADER)
		const mode = Buffer.from(defaults.NOISE_MODE)
		this.hash = mode.length === 32 ? mode : sha256(mode)
		this.salt = this.hash
		this.key = this.hash
		this.counter = 0
		this.transport = undefined
		this.pending = NONE
		this.introSeen = false
		this.#mixHash(this.header)
	}

	/** @returns {Buffer[]} the complete frames that `bytes` finished, still sealed */
	receive(bytes) {
		this.pending = Buffer.concat([this.pending, bytes])
		if (!this.introSeen) {
			this.pending = this.pending.subarray(this.header.length)
			this.introSeen = true
		}
		const frames = []
		while (this.pending.length >= 3) {
			const size = this.pending.readUIntBE(0, 3)
			if (this.pending.length < size + 3) break
			frames.push(this.pending.subarray(3, size + 3))
			this.pending = this.pending.subarray(size + 3)
		}
		return frames
	}

	/** Frame 1 in, frame 1 out: our ephemeral key, our static key, our certificate. */
	answerHello(frame) {
		const { Curve, proto } = this.baileys
		const theirs = proto.HandshakeMessage.decode(frame).clientHello.ephemeral
		this.ephemeral = Curve.generateKeyPair()
		this.#mixHash(theirs)
		this.#mixHash(this.ephemeral.public)
		this.#mixKey(Curve.sharedKey(this.ephemeral.private, theirs))
		const sealedStatic = this.#seal(this.authority.serverStatic.public)
		this.#mixKey(Curve.sharedKey(this.authority.serverStatic.private, theirs))
		const payload = this.#seal(this.authority.chain)
		const serverHello = { ephemeral: this.ephemeral.public, static: sealedStatic, payload }
		return this.#wrap(proto.HandshakeMessage.encode({ serverHello }).finish())
	}

	/** Frame 2 in: who is calling. Afterwards both sides use the transport keys. */
	readFinish(frame) {
		const { Curve, proto } = this.baileys
		const { clientFinish } = proto.HandshakeMessage.decode(frame)
		const theirStatic = this.#open(clientFinish.static)
		this.#mixKey(Curve.sharedKey(this.ephemeral.private, theirStatic))
		const payload = proto.ClientPayload.decode(this.#open(clientFinish.payload))
		const [toServer, toClient] = this.#derive(NONE)
		this.transport = { toServer, toClient, read: 0, written: 0 }
		return payload
	}

	async decode(frame) {
		const plain = open(frame, this.transport.toServer, this.transport.read++, NONE)
		return this.baileys.decodeBinaryNode(plain)
	}

	encode(node) {
		const plain = this.baileys.encodeBinaryNode(node)
		return this.#wrap(seal(plain, this.transport.toClient, this.transport.written++, NONE))
	}

	#wrap(bytes) {
		const size = Buffer.alloc(3)
		size.writeUIntBE(bytes.length, 0, 3)
		return Buffer.concat([size, bytes])
	}

	#mixHash(data) {
		this.hash = sha256(Buffer.concat([this.hash, data]))
	}

	#derive(data) {
		const key = Buffer.from(hkdfSync('sha256', data, this.salt, '', 64))
		return [key.subarray(0, 32), key.subarray(32)]
	}

	#mixKey(secret) {
		;[this.salt, this.key] = this.#derive(secret)
		this.counter = 0
	}

	#seal(plain) {
		const sealed = seal(plain, this.key, this.counter++, this.hash)
		this.#mixHash(sealed)
		return sealed
	}

	#open(sealed) {
		const plain = open(Buffer.from(sealed), this.key, this.counter++, this.hash)
		this.#mixHash(sealed)
		return plain
	}
}
