import { asBuffer, parseLine } from './line.js'
import { toPost, type Post } from './post.js'

type Bad = (record: Uint8Array, error: unknown) => void

/**
 * Reads a block of feed lines post by post, so that a post is garbage as soon as it has been used.
 * One object is both iterable and iterator: a generator would cost a tenth of the whole decoding.
 */
class PostReader implements IterableIterator<Post> {
  readonly #block: Buffer
  readonly #bad: Bad
  #at = 0

  constructor(block: Buffer, bad: Bad) {
    this.#block = block
    this.#bad = bad
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Post, undefined> {
    const block = this.#block
    while (this.#at < block.length) {
      const start = this.#at
      const found = block.indexOf(10, start)
      const end = found < 0 ? block.length : found
      this.#at = end + 1
      const text = block.toString('utf8', start, end)
      if (isBlank(text)) continue
      try {
        return { done: false, value: toPost(parseLine(text)) }
      } catch (error) {
        this.#bad(block.subarray(start, end), error)
      }
    }
    return { done: true, value: undefined }
  }
}

/** Recognises an empty line, which carries no data and is skipped without a report. */
function isBlank(text: string): boolean {
  return text.length === 0 || text === '\r'
}

/**
 * The codec of the feed: a block of whole lines in, posts out, one at a time. A line that holds no post is given to
 * `bad` and left out. The same shape as dstream's `Codec<Post>`, without needing dstream.
 *
 * @example
 * [...postCodec.decode(Buffer.from(encodePost(post)), (line, error) => console.warn(error))] // [post]
 */
export const postCodec = {
  id: 'jvc-post/1',
  decode: (bytes: Uint8Array, bad: Bad): Iterable<Post> => new PostReader(asBuffer(bytes), bad),
} as const
