import { cursorOf, decodeGap, lastCursorOf, type Gap } from './feed/cursor.js'

/** What of a block may be stored, and what there is to report. */
export interface Filtered {
  readonly lines: Buffer
  readonly gap?: Gap
  /** The answer to the resume line came after lines had been taken without it: they may come a second time. */
  readonly late?: boolean
}

const NONE = Buffer.alloc(0)

/**
 * Decides which lines count after a client has asked to resume. A server with cursors answers with a gap, or with lines
 * that carry a cursor; what it sent before it read the request will come again and is dropped. A server without
 * cursors never answers: its lines are held until `giveUp`, then taken as they are.
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

  /** How many bytes wait for the server's answer. */
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

  /** The server has no cursors after all: what was held, in order. */
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

  /** Drops what stands before the first line of the answer, and takes out the gap line if that is what it is. */
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

/** The first line that only a server with cursors sends. */
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
