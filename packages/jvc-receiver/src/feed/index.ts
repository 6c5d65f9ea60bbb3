/** The feed: what a post is, its line of JSON, and lines out of bytes. Needs nothing, neither dstream nor a package. */

// ── a post and its line
export { postFields, type Post } from './post.js'
export { decodePost, encodePost, withCursor } from './line.js'
export { postCodec } from './post-codec.js'

// ── bytes to lines
export { LineSplitter } from './line-splitter.js'
export { DEFAULT_MAX_LINE_BYTES, LineBlocks, type LineBlocksOptions } from './line-blocks.js'

// ── going on where one left off
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

// ── what both ends of the feed need
export { backOffMs, type BackOffOptions } from './back-off.js'
export { FeedError, type FeedErrorCode } from './errors.js'
export { nearestName } from './nearest.js'
export { printable } from './printable.js'
