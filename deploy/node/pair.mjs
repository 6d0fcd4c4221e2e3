#!/usr/bin/env node
/**
 * Pairs one auth folder with WhatsApp, with the Baileys of your bot.
 *
 *     node pair.mjs FOLDER
 *
 * Copy it into the folder of your bot: it takes the Baileys that is installed there, so that the folder is
 * written by the version that will read it. The bot itself must not run on FOLDER meanwhile.
 *
 * stdout: each QR payload, one line each, as WhatsApp renews them; and nothing else.
 * stderr: what happens, in words; no key and no payload.
 * Exit status: 0 the folder is paired; 1 it cannot be paired; 2 wrong use; 130 and 143 stopped by a signal.
 */
import { statSync } from 'node:fs'
import * as baileys from '@whiskeysockets/baileys'

const makeWASocket = baileys.makeWASocket ?? baileys.default
const { DisconnectReason, useMultiFileAuthState } = baileys

const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 30_000
/** The library keeps timers that nobody can stop; by then everything that was to be written is. */
const GIVE_UP = 3_000
/** These do not get better by trying again: logged out, forbidden, this version of Baileys is too old. */
const HOPELESS = new Set([DisconnectReason.loggedOut, DisconnectReason.forbidden, DisconnectReason.multideviceMismatch, 405])

const say = text => process.stderr.write(`pair: ${text}\n`)
// libsignal prints to the console; stdout belongs to the payloads
for (const name of ['log', 'info', 'debug', 'warn', 'error', 'trace']) console[name] = () => {}

/** The library's logger, reduced to the sentences of errors: the objects beside them may hold keys. */
const logger = { level: 'error', child: () => logger, error: (_, text) => text && say(`Baileys: ${text}`) }
for (const name of ['trace', 'debug', 'info', 'warn']) logger[name] = () => {}

const [folder, ...rest] = process.argv.slice(2)
if (!folder || rest.length || !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
	say('usage: node pair.mjs FOLDER, a folder that exists')
	process.exit(2)
}

const { state, saveCreds } = await useMultiFileAuthState(folder)
let socket
let pause = FIRST_PAUSE
let over = false
let timer

/** Ends without cutting a write in two: what is being written is finished, then nothing keeps the process alive. */
async function finish(status, text) {
	if (over) return
	over = true
	say(text)
	process.exitCode = status
	clearTimeout(timer)
	setTimeout(() => process.exit(status), GIVE_UP).unref()
	await socket?.end(undefined)
	await saveCreds()
}

function connect() {
	socket = makeWASocket({
		auth: state,
		logger,
		// this is not the bot: it logs in once, so that the phone is content, and leaves again at once
		shouldSyncHistoryMessage: () => false,
		markOnlineOnConnect: false,
		fireInitQueries: false
	})
	socket.ev.on('creds.update', saveCreds)
	socket.ev.on('connection.update', hear)
}

function hear({ connection, lastDisconnect, qr, isNewLogin }) {
	if (over) return
	if (qr) {
		pause = FIRST_PAUSE
		process.stdout.write(`${qr}\n`)
	}
	if (isNewLogin) say('the phone has confirmed; logging in once')
	if (connection === 'open') void finish(0, 'paired')
	if (connection === 'close') again(lastDisconnect?.error)
}

/** After a pairing WhatsApp asks for a new connection (515); and when nobody scanned, for new codes (408). */
function again(error) {
	const code = error?.output?.statusCode
	if (HOPELESS.has(code)) return void finish(1, `cannot be paired: ${error.message} (${code})`)
	const restart = code === DisconnectReason.restartRequired
	if (!restart) say(`connection closed${code ? ` (${code})` : ''}; trying again`)
	timer = setTimeout(connect, restart ? 0 : pause)
	if (!restart) pause = Math.min(pause * 2, LONGEST_PAUSE)
}

process.on('SIGTERM', () => void finish(143, 'stopped'))
process.on('SIGINT', () => void finish(130, 'stopped'))
// nobody reads the payloads any more
process.stdout.on('error', () => void finish(1, 'nobody reads the QR payloads any more'))
process.on('unhandledRejection', error => say(`Baileys: ${error?.message ?? 'an error without words'}`))

if (state.creds.me?.id && state.creds.account) void finish(0, 'paired already')
else connect()
