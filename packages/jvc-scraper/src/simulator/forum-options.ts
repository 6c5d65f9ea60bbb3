import type { FaultPlan } from './faults.js'

export interface ForumOptions {
  readonly seed: number
  readonly forumId: string
  /** Topics that get posts at a time. */
  readonly topics: number
  /** Posts that are there from the beginning; at least one per topic. */
  readonly history: number
  /** The beginning, epoch milliseconds. */
  readonly now: number
  /** The bound on visible posts: above it the topics that were silent for longest die. Default 20,000. */
  readonly keepPosts?: number | undefined
  /** Keeps the truth of every post, so that memory grows with each of them. Default false. */
  readonly keepTruth?: boolean | undefined
  /** The faults of the forum; default none. */
  readonly faults?: FaultPlan
}
