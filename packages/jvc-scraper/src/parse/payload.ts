import { gunzipSync } from 'node:zlib'
import { field } from './json.js'
import type { Json } from './json.js'

const MARK = 'forumsAppPayload'
/** An assignment to the mark, as a property by name or in brackets, up to the opening quote. */
const ASSIGNMENT = /^(?:["']\])?\s{0,9}=\s{0,9}(["'])/
/** The maximum size of the unpacked JSON in bytes. Real pages hold up to 0.3 MB; a gzip bomb must not fill the memory. */
const MAX_BYTES = 8 * 1024 * 1024
/** The maximum number of values in the JSON. Real pages hold about 2,000; an empty object takes 25 times its text. */
const MAX_VALUES = 200_000
/** The chunk size for unpacking, in bytes: most payloads fit into one chunk. */
const CHUNK = 256 * 1024

/** The payload's JSON, or the reason why there is none. */
export type PayloadResult = { readonly value: Json } | { readonly reason: string }

/**
 * Reads `window.jvc.forumsAppPayload="<base64>"`: base64 of gzip of JSON (since June 2026) or of JSON itself (April 2026).
 * The last assignment in the page counts, because everything written by users stands before it.
 */
export function readPayload(html: string): PayloadResult {
  const packed = findPayload(html)
  if (packed === undefined) return { reason: `no window.jvc.${MARK} in the page` }
  try {
    const json = unpack(Buffer.from(packed, 'base64'))
    if (!hasAtMost(MAX_VALUES, json)) return { reason: `window.jvc.${MARK} holds more than ${MAX_VALUES} values` }
    return { value: JSON.parse(json.toString('utf8')) as Json }
  } catch (error) {
    return { reason: `window.jvc.${MARK} is damaged: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** Returns the kind of page that a payload belongs to. */
export function payloadKind(value: Json): 'list' | 'topic' | 'forbidden' | 'unknown' {
  if (refusal(value) !== undefined) return 'forbidden'
  if (field(value, 'listMessage') !== undefined) return 'topic'
  return field(value, 'listTopics') !== undefined ? 'list' : 'unknown'
}

/**
 * Returns the reason why the forum may not be read, when the payload says so and holds no data.
 *
 * @returns undefined when the forum may be read
 */
export function refusal(value: Json): string | undefined {
  const forum = field(value, 'forum')
  if (field(forum, 'isForumReadable') !== false) return undefined
  for (const data of ['listMessage', 'listTopics']) {
    const items = field(value, data)
    if (typeof items === 'object' && items !== null && Object.keys(items).length > 0) return undefined
  }
  const reasons = field(forum, 'lockReason')
  const words = (Array.isArray(reasons) ? reasons : [reasons]).filter((reason) => typeof reason === 'string')
  return words.length === 0 ? 'no reason is given' : words.join(', ')
}

function findPayload(html: string): string | undefined {
  // The name also occurs without an assignment, in scripts that read it.
  for (let mark = html.lastIndexOf(MARK); mark >= 0; mark = mark === 0 ? -1 : html.lastIndexOf(MARK, mark - 1)) {
    const name = mark + MARK.length
    const opening = ASSIGNMENT.exec(html.slice(name, name + 24))
    if (opening === null) continue
    const start = name + opening[0].length
    const end = html.indexOf(opening[1] ?? '"', start)
    // An assignment that is cut off is damage, and an older one must not stand in for it.
    if (end < 0) return undefined
    if (end > start) return html.slice(start, end)
  }
  return undefined
}

function unpack(bytes: Buffer): Buffer {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  const json = isGzip ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES, chunkSize: CHUNK }) : bytes
  if (json.length > MAX_BYTES) throw new RangeError(`it holds ${json.length} bytes, and ${MAX_BYTES} are allowed`)
  return json
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const OPEN_BRACE = 0x7b

/** Returns whether a JSON text holds at most so many values. Each but the first follows a comma or an opening bracket. */
function hasAtMost(limit: number, json: Buffer): boolean {
  let values = 1
  for (let at = 0; at < json.length && values <= limit; at++) {
    const byte = json[at]
    if (byte === COMMA || byte === OPEN_BRACKET || byte === OPEN_BRACE) values++
    if (byte === QUOTE) at = endOfString(json, at + 1)
  }
  return values <= limit
}

function endOfString(json: Buffer, from: number): number {
  for (let at = from; at < json.length; at++) {
    if (json[at] === QUOTE) return at
    if (json[at] === BACKSLASH) at++
  }
  return json.length
}
