/**
 * Program 1: make a world. `node make.mjs <installed library> <new folder>`
 *
 * Everybody connects, talks, and stops. What is in the folders afterwards was written by the
 * library. Nothing may fail or need a retry here; if it does, the lab itself is broken and the
 * program ends with status 1. Prints one JSON object.
 */
import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { BOT, GROUP, OLD_GROUP, PHONE, STATUS } from './cast.mjs'
import { openLibrary } from './library.mjs'
import { makeAuthority } from './noise.mjs'
import { Script } from './script.mjs'
import { World } from './world.mjs'

const [installed, root] = process.argv.slice(2)
const library = await openLibrary(installed)
const world = new World(library, makeAuthority(library), root)
const { server, directory } = world
const { proto } = library.baileys

const OTHERS = [PHONE, 'alice.0', 'alice.3', 'carol.0', 'judy.0', 'henry.0', 'ivan.0', 'frank.0', 'olga.0', 'erin.0']
const STRANGERS = ['dave.0', 'grace.0']
for (const device of [...OTHERS, ...STRANGERS]) server.modest.add(device)

await world.start()
const script = new Script(world)
const pn = name => directory.userJid(name)
const say = (device, jid, text, options) => () => world.person(device).send(jid, text, options)
const ask = (name, devices = [BOT]) => script.line(`${name} to bot`, say(`${name}.0`, pn('bot'), 'hello'), devices)
const tell = (name, devices = [`${name}.0`, PHONE]) => script.line(`bot to ${name}`, say(BOT, pn(name), 'hello'), devices)

// strangers only leave their keys on the server
await world.connect(...STRANGERS)
await world.disconnect(...STRANGERS)
await world.connect(...OTHERS, BOT)

// the phone shares the key that chat settings are encrypted with
await shareAppStateKey()
await world.person(BOT).socket.chatModify({ mute: 3_600_000 }, pn('alice'))
await world.person(BOT).socket.chatModify({ pin: true }, pn('alice'))

// old contacts, both directions and often enough that chains have moved
const both = ['alice.0', 'alice.3', PHONE]
for (let round = 0; round < 2; round++) {
	await ask('alice', [BOT, PHONE, 'alice.3'])
	await tell('alice', both)
	for (const name of ['henry', 'ivan']) {
		await ask(name, [BOT, PHONE])
		await tell(name)
	}
}
await script.line('phone to henry', say(PHONE, pn('henry'), 'from the phone'), ['henry.0', BOT])

// somebody we never answered
await ask('frank', [BOT, PHONE])
await ask('frank', [BOT, PHONE])

// olga: a session under her number first, then the server tells her LID
await ask('olga', [BOT, PHONE])
const young = await sessionsOf(directory.accounts.olga.lid)
await world.disconnect('olga.0', BOT)
server.tables.accounts.olga.lidHidden = false
await world.connect('olga.0', BOT)
await tell('olga')
await ask('olga', [BOT, PHONE])
const orphan = await leaveOrphan()

// 6.x takes a device list it fetched for a 1:1 message, which leaves the phone out, for the group
// as well (getUSyncDevices, lib/Socket/messages-send.js); five minutes later it asks again
await world.disconnect('alice.0', 'carol.0', 'judy.0')
await world.connect('alice.0', 'carol.0', 'judy.0')

// groups: everybody has said something, so everybody's sender key is with everybody
const everybody = ['alice.0', 'alice.3', 'carol.0', 'judy.0', PHONE, BOT]
const members = except => everybody.filter(device => device !== except)
for (let round = 0; round < 2; round++) {
	for (const device of ['alice.0', 'carol.0', 'judy.0', BOT]) {
		await script.line(`${device} to group`, say(device, GROUP, 'hello group'), members(device))
	}
	await script.line('alice to old group', say('alice.0', OLD_GROUP, 'hello'), [BOT, 'alice.3', PHONE])
	await script.line('bot to old group', say(BOT, OLD_GROUP, 'hello'), ['alice.0', 'alice.3', PHONE])
}
const statusJidList = [pn('alice'), pn('henry')]
await script.line('bot status', say(BOT, STATUS, 'my status', { statusJidList }), ['alice.0', 'henry.0'])

giveToken('alice')
giveToken('ivan')
await script.settle([])

// a copy of the bot's folder, then more talk: what an old backup is to a newer folder
await world.disconnect(BOT)
cpSync(join(root, 'folders', BOT), join(root, 'old-copy'), { recursive: true })
await world.connect(BOT)
for (let round = 0; round < 3; round++) {
	await tell('ivan')
	await tell('alice', both)
}
await ask('henry', [BOT, PHONE])

// the bot is down, the world goes on: these wait on the server
await world.disconnect(BOT)
const waiting = []
const wait = async (step, send, others = [PHONE]) => {
	const id = await send()
	waiting.push({ step, id, devices: [BOT] })
	await script.settle([{ id, devices: others }])
}
await wait('queued: alice to bot', say('alice.0', pn('bot'), 'are you there?'))
await wait('queued: alice to bot again', say('alice.0', pn('bot'), 'hello?'))
await wait('queued: carol to group', say('carol.0', GROUP, 'where is the bot?'))
await wait('queued: frank to bot', say('frank.0', pn('bot'), 'no answer yet'))
await wait('queued: first message of erin', say('erin.0', pn('bot'), 'we have not met'))
await world.stop()

const outcomes = script.outcomes()
const bad = outcomes.filter(({ outcome }) => outcome !== 'clean')
world.save({ waiting })
const report = {
	version: library.version,
	lines: outcomes.length,
	orphan,
	bad,
	trouble: world.witness.notes.filter(({ what }) => what === 'server'),
	files: Object.fromEntries(
		[BOT, 'alice.0'].map(device => [device, readdirSync(join(root, 'folders', device)).length])
	)
}
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(bad.length || report.trouble.length ? 1 : 0))

/** As a phone does after pairing: `processMessage` (lib/Utils/process-message.js) stores it. */
async function shareAppStateKey() {
	const phone = world.person(PHONE).socket
	const jid = directory.jid(BOT)
	const keyData = {
		keyData: Buffer.alloc(32, 3),
		fingerprint: { rawId: 1, currentIndex: 1, deviceIndexes: [0, 1] },
		timestamp: 1_600_000_000
	}
	const protocolMessage = {
		type: proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE,
		appStateSyncKeyShare: { keys: [{ keyId: { keyId: Buffer.from([0, 0, 0, 10, 191, 191]) }, keyData }] }
	}
	await phone.assertSessions([jid], true)
	const id = await phone.relayMessage(
		pn('bot'),
		{ protocolMessage },
		{ participant: { jid, count: 0 }, additionalAttributes: { category: 'peer' } }
	)
	await script.settle([{ id, devices: [BOT] }])
	if (!world.person(BOT).creds.myAppStateKeyId) throw new Error('the app state key did not arrive')
}

async function sessionsOf(user) {
	const id = `${user}_1.0`
	return (await world.person(BOT).socket.authState.keys.get('session', [id]))[id]
}

/**
 * Olga's session under her number, which nothing reads any more. Where the library left none
 * (rc.3 knew her LID from the start), the lab writes what an upgrade from 6.x leaves behind:
 * an early state of her session under the old name. @returns who wrote it
 */
async function leaveOrphan() {
	if (!library.knowsLid) return 'none'
	const { keys } = world.person(BOT).socket.authState
	const id = `${directory.accounts.olga.pn}.0`
	if ((await keys.get('session', [id]))[id]) return 'library'
	await keys.set({ session: { [id]: young } })
	return 'lab'
}

/** A contact's privacy token, as the server pushes it (`handlePrivacyTokenNotification`). */
function giveToken(name) {
	const token = {
		tag: 'token',
		attrs: { jid: pn('bot'), t: String(Math.floor(Date.now() / 1000)), type: 'trusted_contact' },
		content: Buffer.from(`token of ${name}`)
	}
	const attrs = { from: pn(name), type: 'privacy_token' }
	if (library.knowsLid) attrs.sender_lid = directory.userJid(name, 'lid')
	server.notify(BOT, attrs, [{ tag: 'tokens', attrs: {}, content: [token] }])
}
