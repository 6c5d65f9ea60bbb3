import { type Cell, Chunk } from './cell.js'

const CHUNK_SIZE = 1024

/**
 * Keeps cells in order of first arrival, in a linked list of short arrays: growing and sweeping never copy more than one of
 * them. A sweep replaces a chunk's array, so that an iterator over the old array is not disturbed.
 */
export class ArrivalOrder<S> {
  #first: Chunk<S>
  #last: Chunk<S>

  constructor() {
    this.#first = this.#last = new Chunk(undefined)
  }

  /** Returns the chunk for the next cell. */
  open(): Chunk<S> {
    if (this.#last.cells.length >= CHUNK_SIZE) this.#last = new Chunk(this.#last)
    return this.#last
  }

  /** Removes the newest cell. */
  pop(): void {
    const chunk = this.#last
    chunk.cells.pop()
    if (chunk.cells.length > 0 || chunk.previous === undefined) return
    this.#last = chunk.previous
    this.#last.next = undefined
  }

  /** Removes any cell, in amortised constant time. */
  remove(cell: Cell<S>): void {
    const chunk = cell.chunk!
    cell.chunk = undefined
    chunk.removed++
    if (chunk.removed * 2 <= chunk.cells.length) return
    chunk.cells = chunk.cells.filter((other) => other.chunk !== undefined)
    chunk.removed = 0
    if (chunk.cells.length === 0) this.#unchain(chunk)
  }

  /** Yields the cells in order, about a thousand at a time; removed cells may be among them. */
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
