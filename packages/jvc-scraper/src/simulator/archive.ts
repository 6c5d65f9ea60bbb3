import type { Quotable } from './writer.js'

/** A post of the simulated forum, with the values that the feed must carry. */
export interface SimulatedPost {
  /** Position in order of publication, from 0. */
  readonly n: number
  readonly id: string
  readonly topicId: string
  /** The topic's title when the post was published. */
  readonly title: string
  readonly author: string
  /** The account is gone: the page shows no avatar and no profile. */
  readonly orphan: boolean
  /** Epoch milliseconds. */
  readonly at: number
  readonly hour: string
  /** Rendered body and source; emptied when the topic is gone, because no page shows them any more. */
  html: string
  source: string
  readonly message: string
  readonly stickers: readonly string[]
  /** Published before the simulator started. */
  readonly history: boolean
  /** The time at which a page with the post was first sent whole, epoch milliseconds. */
  servedAt: number | undefined
  /** The time of the last deletion, even if the post came back, epoch milliseconds. */
  deletedAt: number | undefined
  /** Not visible at present. */
  deleted: boolean
  /** Deleted before any page with the post had been sent whole. */
  missable: boolean
}

export interface SimulatedTopic {
  readonly id: string
  title: string
  readonly author: string
  readonly pin: 'on' | 'off' | undefined
  /** The visible posts by ascending id; the opening one is never deleted. */
  readonly posts: SimulatedPost[]
  /** The last few posts, which a new post may quote. */
  readonly recent: Quotable[]
}

/** The kept posts in order of publication: those of topics that are there, and for a while those of gone topics. */
export class Archive {
  /** The number of posts ever added. */
  published = 0
  /** The number of posts that are visible. */
  visible = 0
  /** The first position from which on every post is kept. */
  truthFrom = 0
  readonly #maxDead: number
  #posts: SimulatedPost[] = []
  #dead = 0

  /** @param maxDead the number of posts of gone topics above which they are forgotten */
  constructor(maxDead: number) {
    this.#maxDead = maxDead
  }

  get posts(): readonly SimulatedPost[] {
    return this.#posts
  }

  add(post: SimulatedPost): void {
    this.#posts.push(post)
    this.published++
    this.visible++
  }

  find(id: string): SimulatedPost | undefined {
    return this.#posts.find((post) => post.id === id)
  }

  /** @param now epoch milliseconds */
  markDeleted(post: SimulatedPost, now: number): void {
    this.visible--
    post.deleted = true
    post.deletedAt = now
    post.missable ||= post.servedAt === undefined
  }

  markRestored(post: SimulatedPost): void {
    this.visible++
    post.deleted = false
  }

  /** Marks the posts of a topic that is gone; they are forgotten later, many at once. */
  bury({ posts }: SimulatedTopic, now: number): void {
    for (const post of posts) {
      this.markDeleted(post, now)
      post.html = post.source = ''
    }
    this.#dead += posts.length
  }

  /** Forgets the posts of gone topics when there are too many. @param isThere recognises the topics that are there */
  forget(isThere: (topicId: string) => boolean): void {
    if (this.#dead <= this.#maxDead) return
    this.truthFrom = (this.#posts.findLast(({ topicId }) => !isThere(topicId))?.n ?? -1) + 1
    this.#posts = this.#posts.filter(({ topicId }) => isThere(topicId))
    this.#dead = 0
  }
}
