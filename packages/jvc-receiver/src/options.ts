import type { BackOffOptions } from './feed/back-off.js'
import { FeedError } from './feed/errors.js'
import { DEFAULT_MAX_LINE_BYTES } from './feed/line-blocks.js'
import { nearestName } from './feed/nearest.js'
import { furtherFields, postFields, type Post } from './feed/post.js'

export interface JvcReceiverOptions<K extends keyof Post = keyof Post> {
  /**
   * The fields that the job reads; default all. The others are not decoded, which takes half the time or less; they are
   * still checked to be JSON.
   */
  fields?: readonly K[] | undefined
  /** The host of the feed; default `localhost`. */
  host?: string | undefined
  /** Default 6667. */
  port?: number | undefined
  /** The longest line that is accepted, in bytes; longer ones are left out and reported. Default 1 MiB. */
  maxLineBytes?: number | undefined
  /** Pauses between attempts: at most `baseMs` (500) the first time, doubling up to `maxMs` (30 000), in milliseconds. */
  reconnect?: { baseMs?: number | undefined; maxMs?: number | undefined } | undefined
  /**
   * Asks the server to resume after the last durable post, and at a first start to begin with the oldest post of its
   * log. Default true. A server without cursors ignores the request.
   */
  resume?: boolean | undefined
  /** Posts per second at most; default the context's. */
  maxRate?: number | undefined
}

/** The options with every default filled in. */
export interface Settings {
  readonly fields: readonly (keyof Post)[] | undefined
  readonly host: string
  readonly port: number
  readonly maxLineBytes: number
  readonly reconnect: BackOffOptions
  readonly resume: boolean
}

const OPTION_NAMES = ['fields', 'host', 'port', 'maxLineBytes', 'reconnect', 'resume', 'maxRate']

/** @throws FeedError `feed-option` for an unknown option or a value out of range */
export function settingsOf(options: JvcReceiverOptions): Settings {
  refuseUnknown(options, OPTION_NAMES, 'JvcReceiver')
  const {
    fields,
    host = 'localhost',
    port = 6667,
    maxLineBytes = DEFAULT_MAX_LINE_BYTES,
    reconnect = {},
    resume = true,
  } = options
  refuseUnknown(reconnect, ['baseMs', 'maxMs'], 'JvcReceiver.reconnect')
  const { baseMs = 500, maxMs = Math.max(30_000, baseMs) } = reconnect
  if (host === '') refuse('host', host, 'the name or address of the machine that runs the scraper')
  if (!isWhole(port, 1, 65_535)) refuse('port', port, 'a whole number from 1 to 65535; the feed is on 6667 by default')
  if (!isWhole(maxLineBytes, 1, 2 ** 30)) refuse('maxLineBytes', maxLineBytes, 'a whole number of bytes, at least 1')
  if (!isWhole(baseMs, 1, 2 ** 31)) refuse('reconnect.baseMs', baseMs, 'a whole number of milliseconds, at least 1')
  if (!isWhole(maxMs, baseMs, 2 ** 31)) refuse('reconnect.maxMs', maxMs, `a whole number, at least baseMs (${baseMs})`)
  if (fields !== undefined) checkFields(fields)
  return { fields, host, port, maxLineBytes, reconnect: { baseMs, maxMs }, resume }
}

function checkFields(fields: unknown): void {
  const names: readonly string[] = [...postFields, ...furtherFields]
  const isList = Array.isArray(fields) && fields.length > 0 && new Set(fields).size === fields.length
  if (isList && fields.every((field) => names.includes(field as string))) return
  refuse('fields', fields, `an array of different fields of a post (${names.join(', ')})`)
}

function isWhole(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to
}

function refuse(name: string, value: unknown, wanted: string): never {
  throw new FeedError(
    'feed-option',
    `The option ${name} of JvcReceiver must be ${wanted}; got ${JSON.stringify(value)}`,
  )
}

function refuseUnknown(options: object, known: readonly string[], where: string): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const hint = nearestName(name, known)
    throw new FeedError(
      'feed-option',
      `${where} has no option "${name}". Did you mean "${hint}"? Known options: ${known.join(', ')}.`,
    )
  }
}
