/** Hands chunks from callbacks to a `for await` loop. */
export class ChunkStream implements AsyncIterable<Uint8Array> {
  readonly #waiting: { readonly chunk: Uint8Array; taken(): void }[] = []
  #ended = false
  #wake: (() => void) | undefined

  /** Resolves when the loop has taken the chunk. */
  push(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ chunk, taken: resolve })
      this.#wake?.()
    })
  }

  /** Ends the loop after the chunks that were pushed. */
  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = this.#waiting.shift()
      if (next !== undefined) {
        next.taken()
        yield next.chunk
      } else if (this.#ended) {
        return
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    }
  }
}
