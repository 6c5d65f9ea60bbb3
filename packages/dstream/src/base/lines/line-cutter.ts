import { concat } from '../values/bytes.js'
import { CARRIAGE_RETURN, endOfLines, isLineFeed, isReturn, LINE_FEED, nextLine } from './line-codec.js'

/**
 * Cuts a stream of chunks at line ends. A chunk may begin and end anywhere, even within a character. Only whole lines are
 * returned, as bytes; an unfinished line waits for its end. A line longer than the bound is left out.
 */
export class LineCutter {
  readonly #maxLineBytes: number
  readonly #tooLong: () => void
  #tail: Uint8Array[] = []
  #tailBytes = 0
  /** True while the current line is being left out. */
  #skipping = false
  /** True after a `\r` that ended a line: a `\n` right after it belongs to it. */
  #afterReturn = false

  constructor(maxLineBytes: number, tooLong: () => void) {
    this.#maxLineBytes = maxLineBytes
    this.#tooLong = tooLong
  }

  /** Returns the lines that this chunk completes, with their ends, or `undefined` when there are none. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    const fresh = this.#afterReturn && isLineFeed(chunk[0]) ? chunk.subarray(1) : chunk
    if (chunk.length > 0) this.#afterReturn = false
    const end = endOfLines(fresh)
    if (end === 0) {
      this.#appendTail(fresh)
      return undefined
    }
    this.#afterReturn = end === fresh.length && isReturn(fresh[end - 1])
    const lines = this.#complete(fresh.subarray(0, end))
    this.#appendTail(fresh.subarray(end))
    return lines.length === 0 ? undefined : separated(lines)
  }

  /** Returns the unterminated line at the end of the stream, if any. It gets a line end, since another stream may follow. */
  end(): Uint8Array | undefined {
    return this.#tailBytes === 0 ? undefined : concat([...this.#drainTail(), Uint8Array.of(LINE_FEED)])
  }

  #complete(lines: Uint8Array): Uint8Array {
    if (this.#skipping) {
      this.#skipping = false
      return this.#complete(lines.subarray(nextLine(lines, 0)))
    }
    const fits = this.#tailBytes + lines.length <= this.#maxLineBytes
    const whole = concat([...this.#drainTail(), lines])
    return fits ? whole : this.#withoutLong(whole)
  }

  #withoutLong(lines: Uint8Array): Uint8Array {
    const kept: Uint8Array[] = []
    for (let from = 0, until = 0; from < lines.length; from = until) {
      until = nextLine(lines, from)
      const line = lines.subarray(from, until)
      const length = lengthOf(line)
      // Gives all lines a `\n`: a `\r` and a `\n` around a line left out would otherwise become one line end.
      if (length <= this.#maxLineBytes) kept.push(line.subarray(0, length), Uint8Array.of(LINE_FEED))
      else this.#tooLong()
    }
    return concat(kept)
  }

  #drainTail(): Uint8Array[] {
    const tail = this.#tail
    this.#tail = []
    this.#tailBytes = 0
    return tail
  }

  #appendTail(piece: Uint8Array): void {
    if (piece.length === 0 || this.#skipping) return
    this.#tail.push(piece)
    this.#tailBytes += piece.length
    if (this.#tailBytes <= this.#maxLineBytes) return
    this.#drainTail()
    this.#skipping = true
    this.#tooLong()
  }
}

/** Prepends `\r` to an empty first line: its `\n` must not join a `\r` that ends the lines returned before. */
function separated(lines: Uint8Array): Uint8Array {
  return isLineFeed(lines[0]) ? concat([Uint8Array.of(CARRIAGE_RETURN), lines]) : lines
}

/** Returns the length of a line without its end. */
function lengthOf(line: Uint8Array): number {
  let length = line.length
  if (isLineFeed(line[length - 1])) length--
  if (isReturn(line[length - 1])) length--
  return length
}
