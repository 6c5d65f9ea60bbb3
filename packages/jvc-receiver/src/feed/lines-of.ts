import { asBuffer } from './line.js'

/** Yields the lines of a block of bytes, without line ends; the last line may lack one. */
export function* linesOf(bytes: Uint8Array): Generator<Buffer> {
  const block = asBuffer(bytes)
  for (let start = 0; start < block.length;) {
    const found = block.indexOf(10, start)
    const end = found < 0 ? block.length : found
    yield block.subarray(start, end > start && block[end - 1] === 13 ? end - 1 : end)
    start = end + 1
  }
}
