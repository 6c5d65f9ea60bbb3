const LONGEST_CHUNK = 64

const NOTHING: readonly unknown[] = []

/**
 * Reads the iterable that a flatMap function returned, when it is no array, in chunks that double in length: `take` can
 * then stop an endless one early. An error is thrown only after the items before it have been used.
 */
export class Cursor {
  readonly #items: Iterator<unknown>
  #size = 1
  #error: { readonly value: unknown } | undefined
  #ended = false

  constructor(items: Iterable<unknown>) {
    this.#items = items[Symbol.iterator]()
  }

  /** Returns the next items, none at the end. */
  next(): readonly unknown[] {
    if (this.#error !== undefined) {
      const { value } = this.#error
      this.#error = undefined
      throw value
    }
    if (this.#ended) return NOTHING
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
    this.#size = Math.min(this.#size * 2, LONGEST_CHUNK)
    return chunk
  }

  close(): void {
    if (this.#ended) return
    this.#ended = true
    this.#items.return?.()
  }
}
