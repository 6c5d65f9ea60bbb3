import fc from 'fast-check'
import type { Post } from '../src/feed/post.js'

/** Any post, for the laws of the tests. */
export const posts: fc.Arbitrary<Post> = fc.record(
  {
    id: fc.nat().map(String),
    hour: fc.string({ unit: 'binary' }),
    topic: fc.string({ unit: 'grapheme' }),
    auteur: fc.string({ unit: 'grapheme' }),
    message: fc.string({ unit: 'binary' }),
    stickers: fc.array(fc.webUrl(), { maxLength: 3 }),
  },
  { noNullPrototype: true },
)
