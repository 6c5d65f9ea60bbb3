import type { FaultPlan } from './faults.js'
import type { SimulatedPost } from './archive.js'
import type { Forum } from './forum.js'
import type { Random } from './random.js'

/** The age at which a read post may be deleted, in milliseconds: by then its reader has passed it on. */
const SETTLED = 15_000
/** A deleted post comes back after so many others. */
const AWAY = 40
/** A post to delete is looked for among the last so many. */
const RECENT = 400

/** Causes the events of the forum besides new posts: deletions, returns, renames. Called once for each new post. */
export class Events {
  readonly #forum: Forum
  readonly #faults: FaultPlan
  readonly #random: Random
  readonly #away: { post: SimulatedPost; until: number }[] = []

  constructor(forum: Forum, faults: FaultPlan, random: Random) {
    this.#forum = forum
    this.#faults = faults
    this.#random = random
  }

  /** @param now epoch milliseconds. */
  afterPost(now: number): void {
    const forum = this.#forum
    const faults = this.#faults
    if (faults.happens('delete')) this.delete(now)
    if (faults.happens('rename')) forum.rename(this.#somePost().topicId)
    if (faults.happens('gone')) forum.closeTopic(this.#somePost().topicId, now)
    while ((this.#away[0]?.until ?? Infinity) <= forum.published) this.restore()
  }

  /** Deletes a post that was never served, or was served long enough ago. */
  delete(now: number): SimulatedPost | undefined {
    for (let i = 0; i < 20; i++) {
      const post = this.#somePost()
      const settled = post.servedAt === undefined || now - post.servedAt >= SETTLED
      if (!settled || !this.#forum.remove(post.id, now)) continue
      if (this.#random.chance(0.5)) this.#away.push({ post, until: this.#forum.published + AWAY })
      return post
    }
    return undefined
  }

  /** Brings back the post that has been away longest. */
  restore(): SimulatedPost | undefined {
    const post = this.#away.shift()?.post
    if (post !== undefined) this.#forum.restore(post.id)
    return post
  }

  #somePost(): SimulatedPost {
    const { posts } = this.#forum
    const post = posts[this.#random.int(Math.max(0, posts.length - RECENT), posts.length - 1)]
    if (post === undefined) throw new Error('The forum has no post')
    return post
  }
}
