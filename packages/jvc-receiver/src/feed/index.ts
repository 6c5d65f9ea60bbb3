/** The feed: the post, its line of JSON, and lines cut out of bytes. This entry depends on no package, dstream included. */

// ── a post and its line
export { furtherFields, postFields, type Post, type QuotedPost } from './post.js'
export { decodePost, encodePost, withCursor } from './line.js'
export { postCodec } from './post-codec.js'

// ── bytes to lines
export { LineSplitter } from './line-splitter.js'
export { DEFAULT_MAX_LINE_BYTES, LineBlocks, type LineBlocksOptions } from './line-blocks.js'

// ── cursors: resuming after the last post
export {
  OLDEST,
  cursorOf,
  decodeGap,
  decodeResume,
  encodeGap,
  encodeResume,
  gapError,
  lastCursorOf,
  type Gap,
} from './cursor.js'

// ── tools for both ends of the feed
export { backOffMs, type BackOffOptions } from './back-off.js'
export { systemClock, type Clock } from './clock.js'
export { FeedError, type FeedErrorCode } from './errors.js'
export { nearestName } from './nearest.js'
export { printable } from './printable.js'
