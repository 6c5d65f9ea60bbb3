import { FeedError } from './errors.js'
import { toPost, type Post } from './post.js'
import { printable } from './printable.js'

/**
 * Returns one line of the feed, line end included: the post's six fields in their order, the further ones that it has,
 * then the cursor if one is given.
 *
 * @example
 * encodePost({ id: '7', hour: '', topic: 't', auteur: 'a', message: 'é', stickers: [] })
 * // '{"id":"7","hour":"","topic":"t","auteur":"a","message":"é","stickers":[]}\n'
 */
export function encodePost(post: Post, cursor?: string): string {
  const { id, hour, topic, auteur, message, stickers } = post
  const { topicId, forumId, page, permalink, at, edited, links, quotes } = post
  const further = { topicId, forumId, page, permalink, at, edited, links, quotes }
  const line = JSON.stringify({ id, hour, topic, auteur, message, stickers, ...further })
  return `${cursor === undefined ? line : withCursor(line, cursor)}\n`
}

/** Returns a line of the feed (without its line end) with a cursor added. */
export function withCursor(line: string, cursor: string): string {
  return `${line.slice(0, -1)},"cursor":${JSON.stringify(cursor)}}`
}

/**
 * Reads one line of the feed. Keys that are no field of a post are allowed and left out.
 *
 * @throws FeedError `post-not-json`, or `post-field` naming the field that is missing or of the wrong type
 *
 * @example
 * decodePost(encodePost(post)) // equal to post
 */
export function decodePost(line: string | Uint8Array): Post {
  return toPost(parseLine(typeof line === 'string' ? line : textOf(line)))
}

/** Returns the line's value. @throws FeedError `post-not-json` */
export function parseLine(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FeedError('post-not-json', `A line of the feed is not JSON: "${printable(text)}". It is left out.`, {
      cause,
    })
  }
}

/** Returns the text of UTF-8 bytes, without copying them first. */
export function textOf(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('utf8')
}

/** Returns the same bytes as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
