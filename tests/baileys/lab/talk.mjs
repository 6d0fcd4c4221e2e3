/**
 * Program 2: life goes on. `node talk.mjs <installed library> <job.json>`
 *
 * A job is a copy of a world in which somebody has removed files from the bot's folder. Everybody
 * starts anew (no cache survives), what waited on the server is delivered, and then everybody
 * talks, one line after the other, so that each outcome is its own.
 *
 * The job: `{root, getMessage, forgetful, order, drain, rounds}`; `getMessage` says whether the
 * apps keep what they sent, `forgetful` (optional) whose apps do not in any case, `order` in which order the server hands out pre-keys, `drain` (optional) how
 * many of the bot's keys the server still has, `rounds` how often everything is said, `store` (optional) where the
 * bot's keys lie if not in its folder. Prints one JSON object.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BOT } from './cast.mjs'
import { OTHERS, talk } from './conversation.mjs'
import { openLibrary, unhandled } from './library.mjs'
import { makeAuthority } from './noise.mjs'
import { thaw } from './node.mjs'
import { Script } from './script.mjs'
import { World } from './world.mjs'

const [installed, jobFile] = process.argv.slice(2)
const library = await openLibrary(installed)
const job = JSON.parse(readFileSync(jobFile, 'utf8'))

const world = World.open(library, makeAuthority(library), job.root, job)
const { waiting } = thaw(readFileSync(join(job.root, 'world.json'), 'utf8'))
world.server.shelf.order = job.order ?? 'oldest'
if (job.drain) world.server.shelf.drain(BOT, job.drain)
const before = look()
await world.start()
await world.connect(...OTHERS)

const script = new Script(world)
await world.connect(BOT)
script.lines.push(...waiting)
await script.settle()
const paired = !world.person(BOT).pairing
for (let round = 0; paired && round < (job.rounds ?? 1); round++) await talk(world, script, round ? 'again: ' : '')
const { notes } = world.witness
const ivan = script.lines.find(({ step }) => step === 'bot to ivan')
const result = {
	version: library.version,
	getMessage: Boolean(job.getMessage),
	paired,
	outcomes: script.outcomes(),
	/** did the bot's message to a contact with a privacy token carry it? */
	tokenSent: notes.some(({ what, id, tctoken }) => what === 'message' && id === ivan?.id && tctoken),
	uploads: notes.filter(({ what, device }) => what === 'upload' && device === BOT).map(({ keys }) => keys),
	bundles: notes.filter(({ what, of }) => what === 'bundle' && of === BOT).length,
	loginsAgain: notes.filter(({ what }) => what === 'login again'),
	trouble: notes.filter(({ what }) => what === 'server').map(({ error }) => error)
}
await world.stop()
process.stdout.write(`${JSON.stringify({ ...result, before, after: look(), unhandled })}\n`, () => process.exit(0))

/** The bot's folder as numbers. */
function look() {
	const folder = join(job.root, 'folders', BOT)
	const files = readdirSync(folder)
	let next = null
	try {
		next = JSON.parse(readFileSync(join(folder, 'creds.json'), 'utf8')).nextPreKeyId
	} catch {
		// a job may have removed it
	}
	return { files: files.length, preKeys: files.filter(name => name.startsWith('pre-key-')).length, nextPreKeyId: next }
}
