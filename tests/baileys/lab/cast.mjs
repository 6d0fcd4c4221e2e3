/**
 * The people of the lab. `bot.7` owns the folder that is cleaned; everybody else is there so
 * that one removal is felt in one conversation and not healed by another one.
 *
 * | account | what is between them and the bot                                               |
 * | ------- | ------------------------------------------------------------------------------ |
 * | bot     | device 7 is the bot, device 0 the phone it was paired with                     |
 * | alice   | old contact with two devices, in both groups; writes while the bot is down     |
 * | carol   | in the group only; writes to the group while the bot is down                   |
 * | judy    | in the group only; writes to the group after the cleanup                       |
 * | henry   | old contact; writes first after the cleanup                                    |
 * | ivan    | old contact; the bot writes first after the cleanup                            |
 * | frank   | wrote to the bot and was never answered                                        |
 * | olga    | talked before her LID was known; then the mapping came                         |
 * | erin    | a stranger whose first message waits for the bot during the cleanup            |
 * | dave    | a stranger who writes after the cleanup                                        |
 * | grace   | a stranger the bot writes to after the cleanup                                 |
 *
 * Numbers are made up; group ids have the two shapes the library meets.
 */
export const BOT = 'bot.7'
export const PHONE = 'bot.0'
export const GROUP = '120363000000000001@g.us'
export const OLD_GROUP = '15550000002-1600000000@g.us'
export const STATUS = 'status@broadcast'

const NAMES = ['bot', 'alice', 'carol', 'judy', 'henry', 'ivan', 'frank', 'olga', 'erin', 'dave', 'grace']
const COMPANIONS = { bot: [0, 7], alice: [0, 3] }

/**
 * Fresh tables for a world. Olga starts without a public LID, but not in rc.3, which cannot
 * read anybody whose LID is unknown (`getDecryptionJid`, lib/Utils/decode-wa-message.js).
 */
export function castOf({ knowsLid, version }) {
	const accounts = {}
	NAMES.forEach((name, index) => {
		const number = String(index + 1).padStart(3, '0')
		accounts[name] = {
			pn: `15550000${number}`,
			lid: `100000000000${number}`,
			devices: COMPANIONS[name] ?? [0],
			lidHidden: name === 'olga' && version !== '7.0.0-rc.3'
		}
	})
	const groups = {
		[GROUP]: { addressing: knowsLid ? 'lid' : 'pn', members: ['bot', 'alice', 'carol', 'judy'] },
		[OLD_GROUP]: { addressing: 'pn', members: ['bot', 'alice'] }
	}
	return { accounts, groups }
}
