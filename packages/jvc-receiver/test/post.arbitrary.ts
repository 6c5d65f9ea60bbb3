import fc from 'fast-check'
import type { Post, QuotedPost } from '../src/feed/post.js'

const quotes: fc.Arbitrary<QuotedPost> = fc.record(
  { auteur: fc.string({ unit: 'grapheme' }), hour: fc.string(), at: fc.nat() },
  { noNullPrototype: true, requiredKeys: ['hour'] },
)

/** Any post, with any of the further fields. */
export const posts: fc.Arbitrary<Post> = fc.record(
  {
    id: fc.nat().map(String),
    hour: fc.string({ unit: 'binary' }),
    topic: fc.string({ unit: 'grapheme' }),
    auteur: fc.string({ unit: 'grapheme' }),
    message: fc.string({ unit: 'binary' }),
    stickers: fc.array(fc.webUrl(), { maxLength: 3 }),
    topicId: fc.nat().map(String),
    forumId: fc.nat().map(String),
    page: fc.integer({ min: 1 }),
    permalink: fc.webUrl(),
    at: fc.nat(),
    edited: fc.string(),
    links: fc.array(fc.webUrl(), { maxLength: 3 }),
    quotes: fc.array(quotes, { maxLength: 3 }),
  },
  { noNullPrototype: true, requiredKeys: ['id', 'hour', 'topic', 'auteur', 'message', 'stickers'] },
)
