import { cursorOf, decodeGap, lastCursorOf, type Gap } from './feed/cursor.js'

/** The lines of a block that may be stored, and the facts to report. */
export interface Filtered {
  readonly lines: Buffer
  readonly gap?: Gap
  /** True when the answer came after lines had been taken without it: these lines may come a second time. */
  readonly late?: boolean
}

const NONE = Buffer.alloc(0)

/**
 * Decides which lines count after a client has asked to resume. A server with cursors answers with a gap line or with
 * lines that carry a cursor; the lines it sent before it read the request come again and are dropped. A server without
 * cursors never answers: its lines are held until `giveUp` and then taken as they are.
 */
export class ResumeFilter {
  #mode: 'asked' | 'cursors' | 'plain'
  readonly #asked: boolean
  #held: Buffer[] = []
  #heldBytes = 0

  constructor(asked: boolean) {
    this.#asked = asked
    this.#mode = asked ? 'asked' : 'plain'
  }

  /** The number of bytes that wait for the server's answer. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** @param block whole lines, line ends included */
  accept(block: Buffer): Filtered {
    if (this.#mode === 'cursors') return { lines: block }
    if (this.#mode === 'plain') {
      if (!this.#asked || lastCursorOf(block) === undefined) return { lines: block }
      return { ...this.#answered(block), late: true }
    }
    if (answerAt(block) === undefined) {
      this.#held.push(block)
      this.#heldBytes += block.length
      return { lines: NONE }
    }
    this.#release()
    return this.#answered(block)
  }

  /** Returns the held lines in order, for a server that has no cursors after all. */
  giveUp(): Buffer {
    if (this.#mode !== 'asked' || this.#heldBytes === 0) return NONE
    this.#mode = 'plain'
    return this.#release()
  }

  #release(): Buffer {
    const held = Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    return held
  }

  /** Drops the lines before the first line of the answer, and that line too when it is a gap line. */
  #answered(block: Buffer): Filtered {
    this.#mode = 'cursors'
    const first = answerAt(block)
    if (first === undefined) return { lines: block }
    const gap = decodeGap(first.line)
    return gap === undefined ? { lines: block.subarray(first.start) } : { lines: block.subarray(first.end), gap }
  }
}

interface Found {
  readonly line: Buffer
  readonly start: number
  readonly end: number
}

/** Returns the first line of the block that only a server with cursors sends. */
function answerAt(block: Buffer): Found | undefined {
  for (let start = 0; start < block.length;) {
    const found = block.indexOf(10, start)
    const end = found < 0 ? block.length : found + 1
    const line = block.subarray(start, end)
    if (decodeGap(line) !== undefined || cursorOf(line) !== undefined) return { line, start, end }
    start = end
  }
  return undefined
}
