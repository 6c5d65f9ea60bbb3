import { fileLineTooLong } from '../errors/receive.js'
import { lineCodec } from './line-codec.js'
import { LineCutter } from './line-cutter.js'

/** The longest line of a file. Lines are held in memory as a whole, and a file that is no text must not take all of it. */
const MAX_LINE_BYTES = 64 * 1024 * 1024

/** Reads the lines of a file from its chunks. @throws `line-too-long` */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const cutter = new LineCutter(MAX_LINE_BYTES, () => {
    throw fileLineTooLong(MAX_LINE_BYTES)
  })
  for await (const chunk of chunks) {
    const lines = cutter.push(chunk)
    if (lines !== undefined) yield* lineCodec.decode(lines, () => {})
  }
  const last = cutter.end()
  if (last !== undefined) yield* lineCodec.decode(last, () => {})
}
