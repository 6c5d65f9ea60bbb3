import { jsonLines, type Codec } from 'dstream'
import { FeedError } from './feed/errors.js'
import { decodePost } from './feed/line.js'
import { postCodec } from './feed/post-codec.js'
import { toFields, type Post } from './feed/post.js'

/**
 * Returns the codec of a job that reads some fields of the posts. It has the id of the codec of whole posts, since it reads
 * the same lines: a job may read other fields after a restart. Errors of bad lines are those of whole posts.
 */
export function fieldsCodec<K extends keyof Post>(fields: readonly K[]): Codec<Pick<Post, K>> {
  const lines = jsonLines({ fields, read: (found) => toFields(fields, found) })
  return {
    id: postCodec.id,
    decode: (bytes, bad) => lines.decode(bytes, (line, error) => bad(line, feedError(line, error))),
  }
}

function feedError(line: Uint8Array, error: unknown): unknown {
  if (error instanceof FeedError) return error
  try {
    decodePost(line)
    return error
  } catch (found) {
    return found
  }
}
