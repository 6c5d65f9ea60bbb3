import type { CountingCodec } from '../receive/run.js'

const lf = 0x0a
const cr = 0x0d

/**
 * Lines of UTF-8 text. Each line ends with `\n`, `\r\n` or a lone `\r` (as Java's `readLine`, which Spark uses), the last
 * one also with the bytes. What is no UTF-8 becomes U+FFFD, so every line decodes.
 */
export const lineCodec: CountingCodec<string> = {
  id: 'dstream-lines',

  // One string per line: cut out of one long string, a line that is kept would keep all the others alive.
  *decode(bytes) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const end = buffer.length
    let nextReturn = indexOrEnd(buffer, cr, 0)
    for (let from = 0; from < end;) {
      if (nextReturn < from) nextReturn = indexOrEnd(buffer, cr, from)
      const until = Math.min(indexOrEnd(buffer, lf, from), nextReturn)
      yield buffer.toString('utf8', from, until)
      from = buffer[until] === cr && buffer[until + 1] === lf ? until + 2 : until + 1
    }
  },

  count(bytes) {
    let n = 0
    for (let at = 0; at < bytes.length; n++) at = nextLine(bytes, at)
    return n
  },

  offsetAfter(bytes, records) {
    let at = 0
    for (let n = 0; n < records && at < bytes.length; n++) at = nextLine(bytes, at)
    return at
  },
}

/** The index behind the last complete line; 0 when there is none. A `\r` at the very end counts as the end of one. */
export const endOfLines = (bytes: Uint8Array): number => {
  const end = bytes.lastIndexOf(lf) + 1
  return end + bytes.subarray(end).lastIndexOf(cr) + 1
}

/** Where the line that begins at `from` is over and the next one begins. */
export const nextLine = (bytes: Uint8Array, from: number): number => {
  let at = from
  while (at < bytes.length && bytes[at] !== lf && bytes[at] !== cr) at++
  return bytes[at] === cr && bytes[at + 1] === lf ? at + 2 : Math.min(at + 1, bytes.length)
}

export const isLineFeed = (byte: number | undefined): boolean => byte === lf
export const isReturn = (byte: number | undefined): boolean => byte === cr

const indexOrEnd = (bytes: Uint8Array, byte: number, from: number): number => {
  const at = bytes.indexOf(byte, from)
  return at === -1 ? bytes.length : at
}
