import { type Cell, Chunk } from './cell.js'

const CHUNK_SIZE = 1024

/**
 * Cells in order of first arrival: a chain of short arrays, so that growing and sweeping never cost more than one of
 * them. A sweep replaces a chunk's array, so whoever is iterating the old array goes on undisturbed.
 */
export class ArrivalOrder<S> {
  #first: Chunk<S>
  #last: Chunk<S>

  constructor() {
    this.#first = this.#last = new Chunk(undefined)
  }

  /** The chunk in which the next cell is to be put. */
  open(): Chunk<S> {
    if (this.#last.cells.length >= CHUNK_SIZE) this.#last = new Chunk(this.#last)
    return this.#last
  }

  /** Takes back the newest cell. */
  pop(): void {
    const chunk = this.#last
    chunk.cells.pop()
    if (chunk.cells.length > 0 || chunk.previous === undefined) return
    this.#last = chunk.previous
    this.#last.next = undefined
  }

  /** Takes out a cell from anywhere; costs a constant on average. */
  remove(cell: Cell<S>): void {
    const chunk = cell.chunk!
    cell.chunk = undefined
    chunk.removed++
    if (chunk.removed * 2 <= chunk.cells.length) return
    chunk.cells = chunk.cells.filter((other) => other.chunk !== undefined)
    chunk.removed = 0
    if (chunk.cells.length === 0) this.#unchain(chunk)
  }

  /** The cells in order, some thousand at a time; among them some that are removed. */
  *chunks(): Generator<readonly Cell<S>[]> {
    for (let chunk: Chunk<S> | undefined = this.#first; chunk !== undefined; chunk = chunk.next) yield chunk.cells
  }

  #unchain(chunk: Chunk<S>): void {
    if (chunk === this.#last) return
    chunk.next!.previous = chunk.previous
    if (chunk.previous === undefined) this.#first = chunk.next!
    else chunk.previous.next = chunk.next
  }
}
