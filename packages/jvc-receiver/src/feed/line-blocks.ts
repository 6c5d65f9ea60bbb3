import { asBuffer } from './line.js'

const LF = 10

export interface LineBlocksOptions {
  /** The longest line that is taken, in bytes without its line end; longer ones are left out. Default 1 MiB. */
  readonly maxLineBytes?: number | undefined
  /** Called once for each line that is left out, with its first bytes. */
  readonly onTooLong?: ((start: Uint8Array) => void) | undefined
}

export const DEFAULT_MAX_LINE_BYTES = 1_048_576

/**
 * Cuts a stream of bytes at line ends, independent of the borders of the chunks: 0x0A never occurs inside a UTF-8
 * sequence. The work is linear in the bytes, and the buffer never exceeds the longest line.
 */
export class LineBlocks {
  readonly #max: number
  readonly #onTooLong: (start: Uint8Array) => void
  #tail = Buffer.allocUnsafe(1024)
  #held = 0
  #skipping = false

  constructor({ maxLineBytes = DEFAULT_MAX_LINE_BYTES, onTooLong = () => {} }: LineBlocksOptions = {}) {
    this.#max = maxLineBytes
    this.#onTooLong = onTooLong
  }

  /** The pieces that, one after the other, are the lines completed by this chunk, line ends included. */
  push(bytes: Uint8Array): Uint8Array[] {
    const chunk = asBuffer(bytes)
    const pieces: Uint8Array[] = []
    const firstEnd = chunk.indexOf(LF)
    if (firstEnd < 0) {
      this.#hold(chunk)
      return pieces
    }
    this.#finishTail(chunk, firstEnd, pieces)
    const lastEnd = chunk.lastIndexOf(LF)
    if (lastEnd > firstEnd) this.#takeLines(chunk.subarray(firstEnd + 1, lastEnd + 1), pieces)
    this.#hold(chunk.subarray(lastEnd + 1))
    return pieces
  }

  /** Returns the bytes after the last line end and resets the splitter. */
  rest(): Uint8Array {
    const rest = Buffer.from(this.#tail.subarray(0, this.#held))
    this.#held = 0
    this.#skipping = false
    return rest
  }

  #finishTail(chunk: Buffer, end: number, pieces: Uint8Array[]): void {
    if (this.#skipping) {
      this.#skipping = false
    } else if (this.#held + end > this.#max) {
      this.#onTooLong(this.#held > 0 ? this.#tail.subarray(0, Math.min(this.#held, 256)) : chunk.subarray(0, 256))
    } else {
      if (this.#held > 0) pieces.push(Buffer.from(this.#tail.subarray(0, this.#held)))
      pieces.push(chunk.subarray(0, end + 1))
    }
    this.#held = 0
  }

  /** Takes whole lines. They are examined one by one only when one of them can be too long. */
  #takeLines(lines: Buffer, pieces: Uint8Array[]): void {
    if (lines.length - 1 <= this.#max) {
      pieces.push(lines)
      return
    }
    for (let start = 0; start < lines.length;) {
      const end = lines.indexOf(LF, start)
      if (end - start > this.#max) this.#onTooLong(lines.subarray(start, start + 256))
      else pieces.push(lines.subarray(start, end + 1))
      start = end + 1
    }
  }

  #hold(bytes: Buffer): void {
    if (this.#skipping || bytes.length === 0) return
    const length = this.#held + bytes.length
    if (length > this.#max) {
      this.#onTooLong(this.#held > 0 ? this.#tail.subarray(0, Math.min(this.#held, 256)) : bytes.subarray(0, 256))
      this.#skipping = true
      this.#held = 0
      return
    }
    if (length > this.#tail.length) this.#grow(length)
    this.#tail.set(bytes, this.#held)
    this.#held = length
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafe(Math.min(Math.max(length, this.#tail.length * 2), Math.max(this.#max, length)))
    larger.set(this.#tail.subarray(0, this.#held))
    this.#tail = larger
  }
}
