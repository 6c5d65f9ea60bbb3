import { fileLineTooLong } from '../errors/receive.js'
import { lineCodec } from './line-codec.js'
import { LineCutter } from './line-cutter.js'

/** A line of a file is held as a whole: a file that is no text must not take all memory. */
const MAX_LINE_BYTES = 64 * 1024 * 1024

/** The lines of a file that comes in chunks. @throws `line-too-long` */
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
