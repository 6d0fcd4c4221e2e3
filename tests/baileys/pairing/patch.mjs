/**
 * Loaded before `deploy/node/pair.mjs`: points its Baileys, in memory, at the stand-in of WhatsApp's server. The
 * address and the root key of the certificate are the only two things that are changed; the program is as delivered.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const { STAND_IN, STAND_IN_FROM } = process.env
const { url, key } = JSON.parse(STAND_IN)
const main = createRequire(join(STAND_IN_FROM, 'x.mjs')).resolve('@whiskeysockets/baileys')
const defaults = await import(pathToFileURL(join(dirname(main), 'Defaults', 'index.js')).href)
defaults.DEFAULT_CONNECTION_CONFIG.waWebSocketUrl = url
defaults.DEFAULT_CONNECTION_CONFIG.qrTimeout = Number(process.env.STAND_IN_QR_MS) || undefined
defaults.WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(key, 'base64')
