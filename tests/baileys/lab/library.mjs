/**
 * One installed version of Baileys, opened for the lab.
 *
 * The lab lives outside the package, so everything is imported by its path below the
 * installed folder. Only what the package itself exports (`lib/index.js`) and the constants
 * of `lib/Defaults/index.js` are used, and the queue of libsignal is parted; no file of the library is changed on disk.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Promises the library left without a handler, for example a retry that outlived its socket. */
export const unhandled = []

/** Whose code is running, where that is a device's. */
const device = new AsyncLocalStorage()

/**
 * libsignal has one queue of jobs for each address (src/queue_job.js, 6.0.0), and all in a process share it. A job runs in
 * the asynchronous context of whoever found the queue empty, so that the job of one account leaves its transaction
 * (`AsyncLocalStorage` in lib/Utils/auth-utils.js, 7.x) while another account has one with the same address: it reads
 * and writes beside it, and the next of the transaction encrypts with a key that was used. In the lab everybody lives
 * in one process. In the world they do not, so each device gets queues of its own; what happens within one device is
 * as it was.
 */
function partQueues(require) {
	const file = require.resolve('libsignal/src/queue_job')
	const queueJob = require(file)
	require.cache[file].exports = (address, job) => queueJob(`${device.getStore()} ${address}`, job)
}

/** libsignal prints sessions and keys to the console; the lab's own output is JSON, so it is muted. */
function muteConsole() {
	for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace']) console[name] = () => {}
}

/** @param {string} installed folder that holds node_modules */
export async function openLibrary(installed) {
	muteConsole()
	process.on('unhandledRejection', reason => unhandled.push(reason?.stack ?? String(reason)))
	const root = join(installed, 'node_modules', '@whiskeysockets', 'baileys')
	const require = createRequire(join(root, 'package.json'))
	partQueues(require)
	const load = file => import(pathToFileURL(join(root, file)).href)
	const baileys = await load('lib/index.js')
	const defaults = await load('lib/Defaults/index.js')
	const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
	const { WebSocketServer } = require('ws')
	return {
		baileys,
		defaults,
		version,
		WebSocketServer,
		makeWASocket: baileys.makeWASocket ?? baileys.default,
		/** Do something as a device does in a process of its own; what comes of it later belongs to it too. */
		as: (name, work) => device.run(name, work),
		/** 7.x addresses people by LID (lib/Signal/lid-mapping.js); 6.x has no such store. */
		knowsLid: Number.parseInt(version, 10) >= 7
	}
}
