import { POSTS_PER_PAGE, TOPICS_PER_PAGE } from '../parse/address.js'
import { formatFrenchDate } from '../parse/french-date.js'
import { DELETED_AUTHOR } from '../parse/types.js'
import { plainText, stickersOf } from './content.js'
import { jvCode } from './jv-code.js'
import { createLexicon, slug } from './lexicon.js'
import { bodyMarkup } from './markup.js'
import { Random, Zipf } from './random.js'
import { Writer } from './writer.js'
import type { Quotable } from './writer.js'

/** A post of the invented forum, with what the feed must say of it. */
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
  /** Rendered body and source. */
  readonly html: string
  readonly source: string
  readonly message: string
  readonly stickers: readonly string[]
  /** There before the simulator started. */
  readonly history: boolean
  /** A page with it was sent whole at least once. */
  served: boolean
  deleted: boolean
}

export interface SimulatedTopic {
  readonly id: string
  title: string
  readonly author: string
  readonly pin: 'on' | 'off' | undefined
  /** The visible posts by ascending id; the opening one is never deleted. */
  readonly posts: SimulatedPost[]
  /** What a new post may quote: the last few. */
  readonly recent: Quotable[]
  /** Grows with every change of the topic's pages. */
  version: number
}

export interface ForumOptions {
  readonly seed: number
  readonly forumId: string
  /** Topics that get posts at a time. */
  readonly topics: number
  /** Posts that are there from the beginning; at least one per topic. */
  readonly history: number
  /** The beginning, epoch milliseconds. */
  readonly now: number
}

/** Of all posts, those that open a topic. */
const NEW_TOPIC = 1 / 40
const QUOTABLE = 8

/** The state of the invented forum: topics, posts, and their truth. No clock, no sockets: the seed and the calls decide. */
export class Forum {
  readonly forumId: string
  readonly name = 'Blabla 18-25 ans'
  /** Every post ever published, in order. */
  readonly posts: SimulatedPost[] = []
  /** Grows with every change of the list. */
  version = 0
  private readonly topics = new Map<string, SimulatedTopic>()
  private readonly pinned: SimulatedTopic[] = []
  /** Topics that are not pinned, the last active one first. */
  private readonly order: SimulatedTopic[] = []
  /** Topics that get posts, the last active one first. */
  private active: SimulatedTopic[] = []
  private readonly random: Random
  private readonly writer: Writer
  private readonly ranks: Zipf<number>
  private lastPostId = 1_400_000_000
  private lastTopicId = 77_300_000
  private inHistory = true

  constructor(private readonly options: ForumOptions) {
    const root = new Random(options.seed)
    this.forumId = options.forumId
    this.random = root.fork('posts')
    this.writer = new Writer(root.fork('words'), createLexicon(root.fork('lexicon')))
    this.ranks = new Zipf(
      Array.from({ length: options.topics }, (_, rank) => rank),
      0.8,
    )
    this.begin()
  }

  /** Publishes one post, in a topic that is there or in a new one. @param at epoch milliseconds. */
  publish(at: number): SimulatedPost {
    const rank = this.ranks.draw(this.random)
    const opens = this.random.chance(NEW_TOPIC)
    const topic = opens ? undefined : this.active[rank % Math.max(1, this.active.length)]
    return this.write(topic ?? this.open(undefined), at)
  }

  get topicCount(): number {
    return this.topics.size
  }

  topic(id: string): SimulatedTopic | undefined {
    return this.topics.get(id)
  }

  pageCount(topic: SimulatedTopic): number {
    return Math.max(1, Math.ceil(topic.posts.length / POSTS_PER_PAGE))
  }

  pagePosts(topic: SimulatedTopic, page: number): readonly SimulatedPost[] {
    return topic.posts.slice((page - 1) * POSTS_PER_PAGE, page * POSTS_PER_PAGE)
  }

  listPageCount(): number {
    return Math.max(1, Math.ceil((this.pinned.length + this.order.length) / TOPICS_PER_PAGE))
  }

  /** Rows of a page of the list: pinned ones first, then by last post, newest first. */
  listPage(page: number): readonly SimulatedTopic[] {
    return [...this.pinned, ...this.order].slice((page - 1) * TOPICS_PER_PAGE, page * TOPICS_PER_PAGE)
  }

  /** Path of a page of a topic. */
  address(topic: SimulatedTopic, page: number): string {
    return `/forums/42-${this.forumId}-${topic.id}-${page}-0-1-0-${slug(topic.title)}.htm`
  }

  /** Path of a page of the list. */
  listAddress(page: number): string {
    return `/forums/0-${this.forumId}-0-1-0-${(page - 1) * TOPICS_PER_PAGE + 1}-0-${slug(this.name)}.htm`
  }

  private begin(): void {
    const { topics, history, now } = this.options
    const interval = 3_600_000 / Math.max(1, history)
    const at = (n: number): number => Math.floor((now - (history - n) * interval) / 1000) * 1000
    this.write(this.open('off', 'Règles du forum'), at(0) - 86_400_000)
    this.write(this.open('on', 'Modération : c’est par ici'), at(0))
    while (this.posts.length < topics) this.write(this.open(undefined), at(this.posts.length))
    while (this.posts.length < history) this.publish(at(this.posts.length))
    this.inHistory = false
  }

  private open(pin: 'on' | 'off' | undefined, title = this.writer.title()): SimulatedTopic {
    this.lastTopicId += this.random.int(1, 9)
    const author = this.writer.author()
    const id = String(this.lastTopicId)
    const topic: SimulatedTopic = { id, title, author, pin, posts: [], recent: [], version: 0 }
    this.topics.set(id, topic)
    if (pin !== undefined) this.pinned.push(topic)
    if (pin !== 'off') this.active = [topic, ...this.active].slice(0, this.options.topics)
    return topic
  }

  private write(topic: SimulatedTopic, at: number): SimulatedPost {
    const content = this.writer.content(topic.recent)
    const opening = topic.posts.length === 0
    const orphan = !opening && this.random.chance(0.01)
    const author = opening ? topic.author : orphan ? DELETED_AUTHOR : this.writer.author()
    const post: SimulatedPost = {
      n: this.posts.length,
      id: this.nextPostId(),
      topicId: topic.id,
      title: topic.title,
      author,
      orphan,
      at,
      hour: formatFrenchDate(at),
      html: bodyMarkup(content),
      source: jvCode(content),
      message: plainText(content),
      stickers: stickersOf(content),
      history: this.inHistory,
      served: false,
      deleted: false,
    }
    this.posts.push(post)
    topic.posts.push(post)
    topic.recent.push({ author, at, content })
    if (topic.recent.length > QUOTABLE) topic.recent.shift()
    this.changed(topic)
    if (topic.pin === undefined) toFront(this.order, topic)
    if (this.active.includes(topic)) toFront(this.active, topic)
    return post
  }

  private changed(topic: SimulatedTopic): void {
    topic.version++
    this.version++
  }

  /** Ids are not contiguous; most steps are multiples of 8, some are not. */
  private nextPostId(): string {
    this.lastPostId += this.random.chance(0.8) ? 8 * this.random.int(1, 3) : this.random.int(1, 30)
    return String(this.lastPostId)
  }
}

function toFront<T>(items: T[], item: T): void {
  const place = items.indexOf(item)
  if (place > 0) items.splice(place, 1)
  if (place !== 0) items.unshift(item)
}
