import { gunzipSync } from 'node:zlib'
import { field } from './json.js'
import type { Json } from './json.js'

const MARK = 'forumsAppPayload'
/** The maximum size of the unpacked JSON in bytes. Real pages hold up to 0.3 MB; a gzip bomb must not fill the memory. */
const MAX_BYTES = 32 * 1024 * 1024
/** The chunk size for unpacking, in bytes: most payloads fit into one chunk. */
const CHUNK = 256 * 1024

/** The payload's JSON, or the reason why there is none. */
export type PayloadResult = { readonly value: Json } | { readonly reason: string }

/**
 * Reads `window.jvc.forumsAppPayload="<base64>"`: base64 of gzip of JSON (since June 2026) or of JSON itself (April 2026).
 * The last one in the page counts, because everything written by users stands before it.
 */
export function readPayload(html: string): PayloadResult {
  const packed = findPayload(html)
  if (packed === undefined) return { reason: `no window.jvc.${MARK} in the page` }
  try {
    const bytes = Buffer.from(packed, 'base64')
    const json =
      bytes[0] === 0x1f && bytes[1] === 0x8b
        ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES, chunkSize: CHUNK })
        : bytes
    return { value: JSON.parse(json.toString('utf8')) as Json }
  } catch (error) {
    return { reason: `window.jvc.${MARK} is damaged: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** Returns the kind of page that a payload belongs to. */
export function payloadKind(value: Json): 'list' | 'topic' | 'unknown' {
  if (field(value, 'listMessage') !== undefined) return 'topic'
  return field(value, 'listTopics') !== undefined ? 'list' : 'unknown'
}

function findPayload(html: string): string | undefined {
  const mark = html.lastIndexOf(MARK)
  if (mark < 0) return undefined
  const opening = /^\s{0,9}=\s{0,9}(["'])/.exec(html.slice(mark + MARK.length, mark + MARK.length + 20))
  if (opening === null) return undefined
  const start = mark + MARK.length + opening[0].length
  const end = html.indexOf(opening[1] ?? '"', start)
  return end < 0 ? undefined : html.slice(start, end)
}
