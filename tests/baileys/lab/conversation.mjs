/**
 * One round of a conversation: every direction there is, one line after the other, so that each
 * outcome is its own. Groups come first, see the note on 6.x in make.mjs.
 */
import { BOT, GROUP, OLD_GROUP, PHONE, STATUS } from './cast.mjs'

export const OTHERS = [
	...[PHONE, 'alice.0', 'alice.3', 'carol.0', 'judy.0', 'henry.0', 'ivan.0', 'frank.0', 'olga.0', 'erin.0'],
	...['dave.0', 'grace.0']
]

const MEMBERS = ['alice.0', 'alice.3', 'carol.0', 'judy.0', PHONE, BOT]

/** Everybody in the group but the one who writes. */
export const membersBut = writer => MEMBERS.filter(device => device !== writer)

/** @param round what the names of the lines begin with */
export async function talk(world, script, round = '') {
	const pn = name => world.directory.userJid(name)
	const line = (step, from, to, devices, options) =>
		script.line(round + step, () => world.person(from).send(to, 'and now?', options), devices)

	await line('judy to group', 'judy.0', GROUP, membersBut('judy.0'))
	await line('bot to group', BOT, GROUP, membersBut(BOT))
	await line('bot to old group', BOT, OLD_GROUP, ['alice.0', 'alice.3', PHONE])
	await line('henry to bot', 'henry.0', pn('bot'), [BOT])
	await line('bot to ivan', BOT, pn('ivan'), ['ivan.0'])
	await line('bot to alice', BOT, pn('alice'), ['alice.0', 'alice.3'])
	await line('phone to henry', PHONE, pn('henry'), [BOT])
	await line('frank to bot', 'frank.0', pn('bot'), [BOT])
	await line('olga to bot', 'olga.0', pn('bot'), [BOT])
	await line('bot to olga', BOT, pn('olga'), ['olga.0'])
	await line('first message of dave', 'dave.0', pn('bot'), [BOT])
	await line('first message to grace', BOT, pn('grace'), ['grace.0'])
	await line('bot status', BOT, STATUS, ['alice.0', 'henry.0'], { statusJidList: [pn('alice'), pn('henry')] })
	await script.line(`${round}chat settings`, () => changeSettings(world), [BOT])
}

/** Muting a chat writes an app-state patch; it counts as arrived when the library did it. */
async function changeSettings(world) {
	const id = `settings-${Math.random()}`
	await world.person(BOT).socket.chatModify({ mute: 3_600_000 }, world.directory.userJid('ivan'))
	world.witness.arrival(BOT, id)
	return id
}
