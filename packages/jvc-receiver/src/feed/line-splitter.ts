import { LineBlocks, type LineBlocksOptions } from './line-blocks.js'
import { linesOf } from './lines-of.js'

/**
 * Splits a stream of bytes into lines, independent of the borders of the chunks. Lines end with `\n`; a `\r` before it
 * belongs to the line end. The work is linear in the bytes, and memory is bounded by the longest line.
 *
 * @example
 * const lines = new LineSplitter()
 * lines.push(Buffer.from('a\nb')).map(String) // ['a']
 * lines.push(Buffer.from('c\n')).map(String) // ['bc']
 */
export class LineSplitter {
  readonly #blocks: LineBlocks

  constructor(options: LineBlocksOptions = {}) {
    this.#blocks = new LineBlocks(options)
  }

  /** Returns the lines completed by this chunk, without their line ends. */
  push(chunk: Uint8Array): Uint8Array[] {
    const pieces = this.#blocks.push(chunk)
    if (pieces.length === 0) return []
    return [...linesOf(pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces))]
  }

  /** Ends the stream. @returns a last line without line end, or undefined when there is none */
  end(): Uint8Array | undefined {
    const rest = this.#blocks.rest()
    return rest.length > 0 ? rest : undefined
  }
}
