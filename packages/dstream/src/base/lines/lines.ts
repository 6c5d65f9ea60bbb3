import { fileLineTooLong } from '../errors/receive.js'
import { lineCodec } from './line-codec.js'
import { LineCutter } from './line-cutter.js'

/** The longest line of a file. Lines are held in memory as a whole, and a file that is no text must not take all of it. */
const MAX_LINE_BYTES = 64 * 1024 * 1024

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/** Reads the lines of a file from its chunks. A byte order mark is no part of the first line. @throws `line-too-long` */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const cutter = new LineCutter(MAX_LINE_BYTES, () => {
    throw fileLineTooLong(MAX_LINE_BYTES)
  })
  for await (const chunk of withoutMark(chunks)) {
    const lines = cutter.push(chunk)
    if (lines !== undefined) yield* lineCodec.decode(lines, () => {})
  }
  const last = cutter.end()
  if (last !== undefined) yield* lineCodec.decode(last, () => {})
}

async function* withoutMark(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  /** The number of bytes of the mark that have been seen; `undefined` behind the beginning. */
  let seen: number | undefined = 0
  for await (const chunk of chunks) {
    if (seen === undefined) {
      yield chunk
      continue
    }
    let at = 0
    while (at < chunk.length && seen < BYTE_ORDER_MARK.length && chunk[at] === BYTE_ORDER_MARK[seen]) {
      at++
      seen++
    }
    if (at === chunk.length && seen < BYTE_ORDER_MARK.length) continue
    // Bytes that only begin like the mark belong to the text.
    if (seen < BYTE_ORDER_MARK.length && seen > 0) yield Uint8Array.from(BYTE_ORDER_MARK.slice(0, seen))
    seen = undefined
    yield chunk.subarray(at)
  }
  if (seen !== undefined && seen > 0 && seen < BYTE_ORDER_MARK.length) {
    yield Uint8Array.from(BYTE_ORDER_MARK.slice(0, seen))
  }
}
