/** The JVC feed as a dstream source. The post and its line alone are in `jvc-receiver/feed`, which needs no dstream. */
export { JvcReceiver } from './jvc-receiver.js'
export type { JvcReceiverOptions } from './options.js'
export { FeedError, decodePost, encodePost, postCodec, type Post, type QuotedPost } from './feed/index.js'
