import type { CountingCodec } from '../codec.js'

export const LINE_FEED = 0x0a
export const CARRIAGE_RETURN = 0x0d

/**
 * Decodes lines of UTF-8 text. A line ends with `\n`, `\r\n` or a lone `\r` (as in Java's `readLine`, which Spark uses), the
 * last one also with the bytes. Invalid UTF-8 becomes U+FFFD, so that every line decodes.
 */
export const lineCodec: CountingCodec<string> = {
  id: 'dstream-lines',

  // Makes one string per line: lines cut out of one long string would keep all of it alive.
  *decode(bytes) {
    const lines = new LineWalk(bytes)
    while (lines.next()) yield lines.buffer.toString('utf8', lines.from, lines.until)
  },

  count(bytes) {
    const lines = new LineWalk(bytes)
    let n = 0
    while (lines.next()) n++
    return n
  },

  offsetAfter(bytes, records) {
    const lines = new LineWalk(bytes)
    let n = 0
    while (n < records && lines.next()) n++
    return Math.min(lines.end, bytes.length)
  },
}

/** Walks from line to line by searching for line ends natively, rather than byte by byte. */
export class LineWalk {
  readonly buffer: Buffer
  /** The offset of the line. */
  from = 0
  /** The offset behind its text. */
  until = 0
  /** The offset of the next line; beyond the bytes when they end without a line end. */
  end = 0
  /** The offset of the next line feed and the next carriage return, each searched for only when it has been passed. */
  #feed = -1
  #return = -1

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  next(): boolean {
    const { buffer, end } = this
    if (end >= buffer.length) return false
    if (this.#feed < end) this.#feed = indexOrEnd(buffer, LINE_FEED, end)
    if (this.#return < end) this.#return = indexOrEnd(buffer, CARRIAGE_RETURN, end)
    this.from = end
    this.until = Math.min(this.#feed, this.#return)
    this.end = this.until + (this.#feed === this.#return + 1 ? 2 : 1)
    return true
  }
}

/** Returns the offset behind the last complete line, 0 when there is none. A `\r` at the very end completes a line. */
export function endOfLines(bytes: Uint8Array): number {
  const end = bytes.lastIndexOf(LINE_FEED) + 1
  return end + bytes.subarray(end).lastIndexOf(CARRIAGE_RETURN) + 1
}

/** Returns the offset of the line after the one at `from`. */
export function nextLine(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== LINE_FEED && bytes[at] !== CARRIAGE_RETURN) at++
  return bytes[at] === CARRIAGE_RETURN && bytes[at + 1] === LINE_FEED ? at + 2 : Math.min(at + 1, bytes.length)
}

export function isLineFeed(byte: number | undefined): boolean {
  return byte === LINE_FEED
}
export function isReturn(byte: number | undefined): boolean {
  return byte === CARRIAGE_RETURN
}

function indexOrEnd(bytes: Uint8Array, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from)
  return at === -1 ? bytes.length : at
}
