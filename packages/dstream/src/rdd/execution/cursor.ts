const LONGEST = 64

const nothing: readonly unknown[] = []

/**
 * What a flatMap function returned, when it is no array: read in chunks that double, so that one that never ends can be
 * cut short by a `take`. An error waits until what came before it has been used.
 */
export class Cursor {
  readonly #items: Iterator<unknown>
  #size = 1
  #error: { readonly value: unknown } | undefined
  #ended = false

  constructor(items: Iterable<unknown>) {
    this.#items = items[Symbol.iterator]()
  }

  /** The next items; none at the end. */
  next(): readonly unknown[] {
    if (this.#error !== undefined) {
      const { value } = this.#error
      this.#error = undefined
      throw value
    }
    if (this.#ended) return nothing
    const chunk: unknown[] = []
    try {
      while (chunk.length < this.#size) {
        const item = this.#items.next()
        if (item.done === true) {
          this.#ended = true
          return chunk
        }
        chunk.push(item.value)
      }
    } catch (value) {
      this.#ended = true
      if (chunk.length === 0) throw value
      this.#error = { value }
    }
    this.#size = Math.min(this.#size * 2, LONGEST)
    return chunk
  }

  close(): void {
    if (this.#ended) return
    this.#ended = true
    this.#items.return?.()
  }
}
