import { fileLineTooLong } from '../errors/receive.js'
import { concat } from '../values/bytes.js'
import type { Codec } from '../codec.js'
import { lineCodec } from './line-codec.js'
import { LineCutter } from './line-cutter.js'

/** The longest line of a file. Lines are held in memory as a whole, and a file that is no text must not take all of it. */
const MAX_LINE_BYTES = 64 * 1024 * 1024

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/** Reads the lines of a file from its chunks. A byte order mark is no part of the first line. @throws `line-too-long` */
export function linesOf(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  return decodedLines(chunks, lineCodec, () => {})
}

/** Reads the lines of a file as `linesOf` does, and decodes them by a codec of whole lines. @throws `line-too-long` */
export async function* decodedLines<T>(
  chunks: AsyncIterable<Uint8Array>,
  codec: Codec<T>,
  bad: (record: Uint8Array, error: unknown) => void,
): AsyncIterable<T> {
  const cutter = new LineCutter(MAX_LINE_BYTES, () => {
    throw fileLineTooLong(MAX_LINE_BYTES)
  })
  for await (const chunk of withoutMark(chunks)) {
    const lines = cutter.push(chunk)
    if (lines !== undefined) yield* codec.decode(lines, bad)
  }
  const last = cutter.end()
  if (last !== undefined) yield* codec.decode(last, bad)
}

async function* withoutMark(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  /** The first bytes, until they are enough to tell; `undefined` behind the beginning. */
  let start: Uint8Array[] | undefined = []
  for await (const chunk of chunks) {
    if (start === undefined) {
      yield chunk
      continue
    }
    if (chunk.length > 0) start.push(chunk)
    const bytes = concat(start)
    if (bytes.length < BYTE_ORDER_MARK.length) continue
    start = undefined
    yield BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte) ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes
  }
  if (start !== undefined && start.length > 0) yield concat(start)
}
