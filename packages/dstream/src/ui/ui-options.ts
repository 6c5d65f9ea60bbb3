import type { Registry } from 'prom-client'
import { badOption } from '../base/errors/options.js'
import { uiNeedsToken } from '../base/errors/ui.js'
import { aString, checkOptions } from '../base/options.js'
import { checkPositiveDuration, type Duration } from '../base/time/duration.js'

/**
 * The page of a job: its address and its rules.
 *
 * @example
 * new StreamingContext({ batchInterval: Seconds(1), ui: { port: 8080 } })
 */
export interface UiOptions {
  /** The first port to try; default 4040. When it is taken, the next free one of 16 is used. 0 takes any free port. */
  port?: number | undefined
  /** The address to listen on; default `127.0.0.1`. One that other machines reach needs `auth`. */
  host?: string | undefined
  /** Who may look: the token is a bearer token for programs, and the password of the page. */
  auth?: { token: string } | undefined
  /** A registry of prom-client of the program's own, which the metrics of the job join; by default they have their own. */
  registry?: Registry | undefined
  /** Origins from which the board may load pictures, such as `https://image.example.org`; default none but the page's own. */
  images?: readonly string[] | undefined
  /** Further names under which the page may be asked for, as a proxy has them. IP addresses and `localhost` always may. */
  allowedHosts?: readonly string[] | undefined
  /** The total delay of a batch up to which `/health/ready` says yes; default ten batch intervals, at least 30 s. */
  maxDelay?: Duration | undefined
}

const KNOWN = ['port', 'host', 'auth', 'registry', 'images', 'allowedHosts', 'maxDelay'] as const
const WHERE = 'new StreamingContext, option ui'

const MAX_PORT = 65_535
const SHORTEST_TOKEN = 8

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** @throws `bad-option`, `unknown-option`; `ui-needs-token` for an address that other machines reach */
export function checkUiOptions(ui: unknown): void {
  if (ui === undefined || typeof ui === 'boolean') return
  if (typeof ui !== 'object' || ui === null)
    throw badOption('new StreamingContext', 'ui', 'true, false or an object', ui)
  checkOptions(WHERE, ui, KNOWN)
  const { port, host, auth, images, allowedHosts, maxDelay, registry } = ui as UiOptions
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= MAX_PORT)) {
    throw badOption(WHERE, 'port', `a whole number from 0 to ${MAX_PORT}`, port)
  }
  if (host !== undefined) aString(WHERE, 'host', host)
  if (auth !== undefined) checkAuth(auth)
  checkTexts('images', images, isOrigin, 'an array of origins such as https://image.example.org')
  checkTexts('allowedHosts', allowedHosts, (name) => name !== '', 'an array of host names')
  if (maxDelay !== undefined) checkPositiveDuration(`${WHERE}, maxDelay`, maxDelay)
  if (registry !== undefined && typeof (registry as { registerMetric?: unknown }).registerMetric !== 'function') {
    throw badOption(WHERE, 'registry', 'a Registry of prom-client', registry)
  }
  if (host !== undefined && !isLoopback(host) && auth === undefined) throw uiNeedsToken(host)
}

function checkAuth(auth: unknown): void {
  checkOptions(`${WHERE}, auth`, auth, ['token'])
  const { token } = auth as { token: unknown }
  if (typeof token === 'string' && token.length >= SHORTEST_TOKEN) return
  // The token itself stays out of the message.
  const given = typeof token === 'string' ? `one of ${token.length}` : typeof token
  throw badOption(`${WHERE}, auth`, 'token', `a text of at least ${SHORTEST_TOKEN} characters`, given)
}

function checkTexts(name: string, value: unknown, isGood: (text: string) => boolean, wanted: string): void {
  if (value === undefined) return
  if (Array.isArray(value) && value.every((text) => typeof text === 'string' && isGood(text))) return
  throw badOption(WHERE, name, wanted, value)
}

/** Whether a text is an origin, so that it cannot add a word of its own to the policy of the page. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text
}
