/**
 * Program 3: a bot that runs while its folder is cleaned. `node running.mjs <installed library> <job.json>`
 *
 * Everybody starts anew in a copy of a world, and stays connected. At set moments the program asks whoever started it
 * for something, one line of JSON on stdout, and goes on when a line comes back on stdin: `{"ask": "age"}` to date the
 * bot's files back, `{"ask": "clean", "moment": ...}` to clean hours later than the time before, `"clean again"` to do so
 * at once. The last line is the result: for each moment how every message of it ended.
 *
 * The job: `{root, getMessage, bare, moments}`; `bare` are the devices without a cache in front of their keys, and
 * `moments` are names of MOMENTS, in the order they come.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ABOUT_A_GROUP } from './answers.mjs'
import { BOT, GROUP, OLD_GROUP, PHONE } from './cast.mjs'
import { membersBut, OTHERS, talk } from './conversation.mjs'
import { openLibrary } from './library.mjs'
import { makeAuthority } from './noise.mjs'
import { thaw } from './node.mjs'
import { Script } from './script.mjs'
import { World } from './world.mjs'

const ROUNDS = 3
/** Between two lines of one speaker, and from one speaker to the next: the tool takes a few tenths of a second. */
const PAUSE_MS = 70

const [installed, jobFile] = process.argv.slice(2)
const library = await openLibrary(installed)
const job = JSON.parse(readFileSync(jobFile, 'utf8'))
const world = World.open(library, makeAuthority(library), job.root, job)
const pn = name => world.directory.userJid(name)
const heard = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** What happens at each moment. `script` collects its messages. */
const MOMENTS = {
	/** The bot has just started: in its cache is what it read for the messages that waited. */
	async started(script) {
		await cleaned('started')
		await talk(world, script)
	},

	/** All it uses it has just used: it is in its cache, if it has one. */
	async used(script) {
		await talk(world, before)
		await cleaned('used')
		await talk(world, script)
	},

	/** Messages in all directions while the tool is at work. */
	async busy(script) {
		await ask('age')
		const cleaning = ask('clean', 'busy')
		await traffic(script)
		await cleaning
		await script.settle()
	},

	/** A message to a group is on its way: the bot has read who has its key, and waits for the server. */
	async in_flight(script) {
		await ask('age')
		await sendWhile(script, 'in_flight')
		await afterwards(script)
	},

	/** The same in the night after: what can go first is gone when the message is on its way. */
	async in_flight_later(script) {
		await cleaned('in_flight_later')
		await sendWhile(script, 'in_flight_later')
		await afterwards(script)
	},

	/** A message to a group came to nothing, and who has the key is in the cache, if there is one. */
	async failed_send(script) {
		await ask('age')
		await failToSend()
		await ask('clean', 'failed_send')
		await afterwards(script)
	},

	/** The same in the night after. */
	async failed_send_later(script) {
		await cleaned('failed_send_later')
		await failToSend()
		await ask('clean', 'failed_send_later')
		await afterwards(script)
	},

	/** A message to a group came to nothing, and then there are two cleanings in one minute. */
	async failed_send_twice(script) {
		await ask('age')
		await failToSend()
		await ask('clean', 'failed_send_twice')
		await ask('clean again', 'failed_send_twice')
		await afterwards(script)
	}
}

await world.start()
/** What is said before a cleaning; nothing may fail there. */
const before = new Script(world)
before.lines.push(...thaw(readFileSync(join(job.root, 'world.json'), 'utf8')).waiting)

const moments = {}
for (const name of job.moments) {
	await everybodyAnew()
	const script = new Script(world)
	await MOMENTS[name](script)
	moments[name] = script.outcomes()
}
const { notes } = world.witness
const result = {
	version: library.version,
	before: before.outcomes(),
	moments,
	loginsAgain: notes.filter(({ what }) => what === 'login again'),
	trouble: notes.filter(({ what }) => what === 'server').map(({ error }) => error)
}
await world.stop()
process.stdout.write(`${JSON.stringify({ result })}\n`, () => process.exit(0))

async function ask(what, moment) {
	process.stdout.write(`${JSON.stringify({ ask: what, moment })}\n`)
	await heard.next()
}

/** The bot's files are made old, then cleaned, while nobody says anything. */
async function cleaned(moment) {
	await ask('age')
	await ask('clean', moment)
}

/** Every process ends and starts: no cache survives, and no memory of who was lately sent what again. */
async function everybodyAnew() {
	await world.disconnect(...world.people.keys())
	await world.connect(...OTHERS)
	await world.connect(BOT)
	await before.settle()
}

/** The bot says something to the group; between its two reads there is a cleaning. */
async function sendWhile(script, moment) {
	const gate = world.server.hold(BOT, ABOUT_A_GROUP)
	const read = world.witness.hasRead(BOT, 'sender-key-memory', GROUP)
	const sending = toGroup(script, 'bot to group', BOT)
	await Promise.all([gate.asked, read])
	await ask('clean', moment)
	gate.open()
	await sending
}

/** The bot says something to the group, and the server has an error for it: nobody was promised anything. */
async function failToSend() {
	const gate = world.server.hold(BOT, ABOUT_A_GROUP)
	const read = world.witness.hasRead(BOT, 'sender-key-memory', GROUP)
	const failure = world.person(BOT).send(GROUP, 'comes to nothing').catch(error => error)
	await Promise.all([gate.asked, read])
	gate.refuse()
	if (!((await failure) instanceof Error)) throw new Error('the message was sent, for all that the server had an error')
}

/** The bot's next messages to the group, and somebody's to it. */
async function afterwards(script) {
	await toGroup(script, 'bot to group, next', BOT)
	await toGroup(script, 'bot to group, after that', BOT)
	await toGroup(script, 'judy to group', 'judy.0')
}

/** Somebody writes to the group. A receipt that asks again resets who has the key, so all of them are waited for. */
async function toGroup(script, step, from) {
	await script.line(step, () => world.person(from).send(GROUP, 'still there?'), membersBut(from))
	if (script.outcomes().some(({ outcome }) => outcome !== 'clean')) await script.quiet()
}

/**
 * They talk at the same time, each one line after the other, while the tool runs. Nobody is written to by whom he
 * writes to: after a start 7.x makes a new session with either (`getUSyncDevices`, lib/Socket/messages-send.js), and
 * two at once need a retry with nothing removed.
 */
async function traffic(script) {
	const say = (step, from, to, devices) => round =>
		script.say(step, () => world.person(from).send(to, `round ${round}`), devices)
	const speakers = [
		[say('judy to group', 'judy.0', GROUP, membersBut('judy.0'))],
		[say('henry to bot', 'henry.0', pn('bot'), [BOT])],
		[say('olga to bot', 'olga.0', pn('bot'), [BOT])],
		[
			say('bot to group', BOT, GROUP, membersBut(BOT)),
			say('bot to ivan', BOT, pn('ivan'), ['ivan.0']),
			say('bot to old group', BOT, OLD_GROUP, ['alice.0', 'alice.3', PHONE]),
			say('bot to alice', BOT, pn('alice'), ['alice.0', 'alice.3'])
		]
	]
	await Promise.all(
		speakers.map(async (lines, place) => {
			await pause(place)
			for (let round = 0; round < ROUNDS; round++) {
				for (const line of lines) {
					await line(round)
					await pause(1)
				}
			}
		})
	)
}

function pause(times) {
	return new Promise(resolve => setTimeout(resolve, times * PAUSE_MS))
}
