import type { SimulatedPost } from './archive.js'
import type { Forum } from './forum.js'

/** One published post as the feed must carry it (the first six fields), with its history. */
export interface TruthPost {
  readonly id: string
  readonly hour: string
  readonly topic: string
  readonly auteur: string
  readonly message: string
  readonly stickers: readonly string[]
  /** Position in order of publication, from 0, history included. */
  readonly n: number
  readonly topicId: string
  /** Epoch milliseconds. */
  readonly at: number
  /** Published before the simulator started. */
  readonly history: boolean
  /** The time at which a page with the post was first sent whole, epoch milliseconds; null: never. */
  readonly servedAt: number | null
  /** The time of the last deletion, even if the post came back, epoch milliseconds; null: never. */
  readonly deletedAt: number | null
  /** Not visible at present. */
  readonly deleted: boolean
  /** Deleted before any page with the post had been sent whole: a reader may have missed it. */
  readonly missable: boolean
}

/** The truth of posts that the simulator no longer keeps. */
export class TruthError extends Error {
  override readonly name = 'TruthError'
  readonly code = 'simulator-truth-forgotten'
}

/**
 * Returns the posts from position `since` on.
 *
 * @throws TruthError when some of them are no longer kept
 */
export function postsSince({ posts, truthFrom }: Pick<Forum, 'posts' | 'truthFrom'>, since: number): SimulatedPost[] {
  if (since < truthFrom) {
    const advice = `Start the simulator with keepTruth (--keep-truth), or ask from ${truthFrom} on.`
    throw new TruthError(`Posts before position ${truthFrom} are no longer all kept; got ${since}. ${advice}`)
  }
  return posts.filter(({ n }) => n >= since)
}

export function truthOf(post: SimulatedPost): TruthPost {
  return {
    id: post.id,
    hour: post.hour,
    topic: post.title,
    auteur: post.author,
    message: post.message,
    stickers: post.stickers,
    n: post.n,
    topicId: post.topicId,
    at: post.at,
    history: post.history,
    servedAt: post.servedAt ?? null,
    deletedAt: post.deletedAt ?? null,
    deleted: post.deleted,
    missable: post.missable,
  }
}
