/**
 * One installed version of Baileys, opened for the lab.
 *
 * The lab lives outside the package, so everything is imported by its path below the
 * installed folder. Only what the package itself exports (`lib/index.js`) and the constants
 * of `lib/Defaults/index.js` are used; no file of the library is changed on disk.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Promises the library left without a handler, for example a retry that outlived its socket. */
export const unhandled = []

/** libsignal prints sessions and keys to the console; the lab's own output is JSON, so it is muted. */
function muteConsole() {
	for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace']) console[name] = () => {}
}

/** @param {string} installed folder that holds node_modules */
export async function openLibrary(installed) {
	muteConsole()
	process.on('unhandledRejection', reason => unhandled.push(reason?.stack ?? String(reason)))
	const root = join(installed, 'node_modules', '@whiskeysockets', 'baileys')
	const load = file => import(pathToFileURL(join(root, file)).href)
	const baileys = await load('lib/index.js')
	const defaults = await load('lib/Defaults/index.js')
	const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
	const { WebSocketServer } = createRequire(join(root, 'package.json'))('ws')
	return {
		baileys,
		defaults,
		version,
		WebSocketServer,
		makeWASocket: baileys.makeWASocket ?? baileys.default,
		/** 7.x addresses people by LID (lib/Signal/lid-mapping.js); 6.x has no such store. */
		knowsLid: Number.parseInt(version, 10) >= 7
	}
}
