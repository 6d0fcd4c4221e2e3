/**
 * Who exists: accounts, their devices, and the groups they are in. A plain table that the
 * stand-in server answers from, and that knows nothing about sockets or folders.
 *
 * An account has a phone number (PN) and, from 7.x on, a LID. A device of an account is
 * named `account.device`, for example `bot.7`; device 0 is the phone.
 */
export class Directory {
	/** @param {{accounts: object, groups: object}} tables see cast.mjs */
	constructor({ accounts, groups }, knowsLid) {
		this.accounts = accounts
		this.groups = groups
		this.knowsLid = knowsLid
	}

	/** The device a jid means, or undefined: `15550000001:7@s.whatsapp.net` is `bot.7`. */
	deviceOf(jid) {
		const match = /^(\d+)(?::(\d+))?@(s\.whatsapp\.net|lid)$/.exec(jid ?? '')
		if (!match) return undefined
		const [, user, device = '0', server] = match
		const field = server === 'lid' ? 'lid' : 'pn'
		const name = Object.keys(this.accounts).find(key => this.accounts[key][field] === user)
		return name && this.accounts[name].devices.includes(Number(device)) ? `${name}.${device}` : undefined
	}

	accountOf(jid) {
		const user = /^(\d+)/.exec(jid ?? '')?.[1]
		const field = jid?.endsWith('@lid') ? 'lid' : 'pn'
		return Object.keys(this.accounts).find(key => this.accounts[key][field] === user)
	}

	/** `bot.7` as a jid, by phone number or by LID. */
	jid(device, server = 'pn') {
		const [name, number] = device.split('.')
		const suffix = number === '0' ? '' : `:${number}`
		const account = this.accounts[name]
		return server === 'lid' ? `${account.lid}${suffix}@lid` : `${account.pn}${suffix}@s.whatsapp.net`
	}

	userJid(name, server = 'pn') {
		return this.jid(`${name}.0`, server)
	}

	/** The LID as the server tells it to others; an account may still be without a known one. */
	publicLid(name) {
		const account = this.accounts[name]
		return this.knowsLid && !account.lidHidden ? `${account.lid}@lid` : undefined
	}

	devices(name) {
		return this.accounts[name].devices.map(number => `${name}.${number}`)
	}

	/** All devices in a group but `except`. */
	groupDevices(group, except) {
		return this.groups[group].members.flatMap(name => this.devices(name)).filter(device => device !== except)
	}
}
