import { POSTS_PER_PAGE, TOPICS_PER_PAGE } from '../parse/address.js'
import { formatFrenchDate } from '../parse/french-date.js'
import { DELETED_AUTHOR } from '../parse/types.js'
import { plainText, stickersOf } from './content.js'
import { jvCode } from './jv-code.js'
import { createLexicon, slug } from './lexicon.js'
import { bodyMarkup } from './markup.js'
import type { ForumOptions } from './forum-options.js'
import { Random, Zipf } from './random.js'
import { Writer } from './writer.js'
import { Archive, type SimulatedPost, type SimulatedTopic } from './archive.js'

/** The share of posts that open a topic. */
const NEW_TOPIC = 1 / 40
const QUOTABLE = 8
const DEFAULT_KEEP_POSTS = 20_000
/** The number of posts between two checks of the length of active topics. */
const CHECK_EVERY = 256
/** The number of gone topics that are answered by 410; older ones are answered as if they had never existed. */
const MAX_GONE = 10_000

/** The state of the simulated forum: topics, posts, and their truth. It has no clock and no sockets: seed and calls decide. */
export class Forum {
  readonly #options: ForumOptions
  readonly forumId: string
  readonly name = 'Blabla 18-25 ans'
  /** Grows with every change of the list. */
  version = 0
  readonly #keepPosts: number
  /** The ids of the last topics that are gone. */
  readonly #gone = new Set<string>()
  readonly #archive: Archive
  readonly #topics = new Map<string, SimulatedTopic>()
  readonly #pinned: SimulatedTopic[] = []
  /** Topics that are not pinned, the last active one first. */
  readonly #order: SimulatedTopic[] = []
  /** Topics that get posts, the most popular one first. */
  #active: SimulatedTopic[] = []
  readonly #random: Random
  readonly #writer: Writer
  readonly #ranks: Zipf<number>
  #lastPostId = 1_400_000_000
  #lastTopicId = 77_300_000
  #inHistory = true

  constructor(options: ForumOptions) {
    this.#options = options
    const root = new Random(options.seed)
    this.forumId = options.forumId
    const { keepPosts = DEFAULT_KEEP_POSTS, topics, history } = options
    this.#keepPosts = Math.max(keepPosts, 4 * topics, 2 * history)
    this.#archive = new Archive(options.keepTruth === true ? Infinity : this.#keepPosts / 2)
    this.#random = root.fork('posts')
    this.#writer = new Writer(root.fork('words'), createLexicon(root.fork('lexicon')))
    const ranks = Array.from({ length: topics }, (_, rank) => rank)
    this.#ranks = new Zipf(ranks, 0.8)
    this.#begin()
  }

  /** Publishes one post, in a topic that is there or in a new one. @param at epoch milliseconds. */
  publish(at: number): SimulatedPost {
    const rank = this.#ranks.draw(this.#random)
    const opens = this.#random.chance(NEW_TOPIC)
    const topic = opens ? undefined : this.#active[rank % Math.max(1, this.#active.length)]
    return this.#write(topic ?? this.#open(undefined), at)
  }

  /** The posts that are kept, in order of publication: at least those of the topics that are there. */
  get posts(): readonly SimulatedPost[] {
    return this.#archive.posts
  }

  /** The number of posts ever published, history included. */
  get published(): number {
    return this.#archive.published
  }

  /** The first position from which on every post is kept. */
  get truthFrom(): number {
    return this.#archive.truthFrom
  }

  get topicCount(): number {
    return this.#topics.size
  }

  /** Returns a topic that is there. */
  topic(id: string): SimulatedTopic | undefined {
    return this.#topics.get(id)
  }

  /** Recognises a topic that was deleted or has died. */
  isGone(topicId: string): boolean {
    return this.#gone.has(topicId)
  }

  /** Pages of a topic; the last one may be empty, where deleted posts still hold places. */
  pageCount(topic: SimulatedTopic): number {
    const pages = Math.max(1, Math.ceil(topic.posts.length / POSTS_PER_PAGE))
    const share = (this.#options.faults?.chanceOf('empty-page') ?? 0) * 100
    return pages + (topic.pin === undefined && (Number(topic.id) * 37) % 100 < share ? 1 : 0)
  }

  pagePosts(topic: SimulatedTopic, page: number): readonly SimulatedPost[] {
    return topic.posts.slice((page - 1) * POSTS_PER_PAGE, page * POSTS_PER_PAGE)
  }

  /** Returns the path of the page that shows a post. */
  pageOf(postId: string): string | undefined {
    const topic = this.#topics.get(this.#archive.find(postId)?.topicId ?? '')
    const place = topic?.posts.findIndex(({ id }) => id === postId) ?? -1
    return topic === undefined || place < 0 ? undefined : this.address(topic, Math.floor(place / POSTS_PER_PAGE) + 1)
  }

  listPageCount(): number {
    return Math.max(1, Math.ceil((this.#pinned.length + this.#order.length) / TOPICS_PER_PAGE))
  }

  /** Rows of a page of the list: pinned ones first, then by last post, newest first. */
  listPage(page: number): readonly SimulatedTopic[] {
    return [...this.#pinned, ...this.#order].slice((page - 1) * TOPICS_PER_PAGE, page * TOPICS_PER_PAGE)
  }

  /** Path of a page of a topic. */
  address(topic: SimulatedTopic, page: number): string {
    return `/forums/42-${this.forumId}-${topic.id}-${page}-0-1-0-${slug(topic.title)}.htm`
  }

  /** Path of a page of the list. */
  listAddress(page: number): string {
    return `/forums/0-${this.forumId}-0-1-0-${(page - 1) * TOPICS_PER_PAGE + 1}-0-${slug(this.name)}.htm`
  }

  /** Deletes a post; the opening one stays. @returns whether it was there to delete. */
  remove(id: string, now: number): boolean {
    const post = this.#archive.find(id)
    const topic = this.#topics.get(post?.topicId ?? '')
    const place = topic?.posts.findIndex((each) => each.id === id) ?? -1
    if (post === undefined || topic === undefined || place < 1) return false
    topic.posts.splice(place, 1)
    this.#archive.markDeleted(post, now)
    this.version++
    return true
  }

  /** Brings a deleted post back to its place. @returns whether it was away. */
  restore(id: string): boolean {
    const post = this.#archive.find(id)
    const topic = this.#topics.get(post?.topicId ?? '')
    if (post?.deleted !== true || topic === undefined) return false
    const place = topic.posts.findIndex((each) => each.n > post.n)
    topic.posts.splice(place < 0 ? topic.posts.length : place, 0, post)
    this.#archive.markRestored(post)
    this.version++
    return true
  }

  /** Gives a topic another title, and with it another address. @returns whether there is such a topic. */
  rename(topicId: string, title = this.#writer.title()): boolean {
    const topic = this.#topics.get(topicId)
    if (topic === undefined) return false
    topic.title = title
    this.version++
    return true
  }

  /** Deletes a whole topic; pinned ones stay. @returns whether it was there to delete. */
  closeTopic(topicId: string, now: number): boolean {
    const topic = this.#topics.get(topicId)
    if (topic === undefined || topic.pin !== undefined) return false
    this.#archive.bury(topic, now)
    this.#retire(topic)
    this.#order.splice(this.#order.lastIndexOf(topic), 1)
    this.#topics.delete(topicId)
    this.#gone.add(topicId)
    const [oldest] = this.#gone
    if (this.#gone.size > MAX_GONE && oldest !== undefined) this.#gone.delete(oldest)
    this.version++
    return true
  }

  /** Keeps the forum at its size, as time does with a real one: no more posts in long topics, and silent topics die. */
  #age(now: number): void {
    if (this.published % CHECK_EVERY === 0) this.#retireLongest()
    while (this.#archive.visible > this.#keepPosts) {
      const active = new Set(this.#active)
      const silent = this.#order.findLast((topic) => !active.has(topic))
      if (silent === undefined) break
      this.closeTopic(silent.id, now)
    }
    this.#archive.forget((topicId) => this.#topics.has(topicId))
  }

  /** Active topics hold at most half of the posts; otherwise none could die. */
  #retireLongest(): void {
    let posts = this.#active.reduce((sum, topic) => sum + topic.posts.length, 0)
    while (posts > this.#keepPosts / 2 && this.#active.length > 1) {
      const longest = this.#active.reduce((a, b) => (b.posts.length > a.posts.length ? b : a))
      posts -= longest.posts.length
      this.#retire(longest)
    }
  }

  #retire(topic: SimulatedTopic): void {
    this.#active = this.#active.filter((each) => each !== topic)
  }

  #begin(): void {
    const { topics, history, now } = this.#options
    const interval = 3_600_000 / Math.max(1, history)
    const at = (n: number): number => Math.floor((now - (history - n) * interval) / 1000) * 1000
    this.#write(this.#open('off', 'Règles du forum'), at(0) - 86_400_000)
    const pinned = this.#open('on', 'Modération : c’est par ici')
    this.#write(pinned, at(0))
    while (this.published < topics) this.#write(this.#open(undefined), at(this.published))
    // Pinned topics get posts like others.
    this.#enter(pinned)
    while (this.published < history) this.publish(at(this.published))
    this.#inHistory = false
  }

  #open(pin: 'on' | 'off' | undefined, given?: string): SimulatedTopic {
    this.#lastTopicId += this.#random.int(1, 9)
    const author = this.#writer.author()
    const id = String(this.#lastTopicId)
    const own = given ?? this.#writer.title()
    const title =
      pin === undefined && this.#options.faults?.happens('same-title') ? (this.#active[0]?.title ?? own) : own
    const topic: SimulatedTopic = { id, title, author, pin, posts: [], recent: [] }
    this.#topics.set(id, topic)
    if (pin !== undefined) this.#pinned.push(topic)
    if (pin === undefined) this.#enter(topic)
    return topic
  }

  /** A new topic takes the place of an unpopular one; now and then it is popular from the start. */
  #enter(topic: SimulatedTopic): void {
    const active = this.#active
    const random = this.#random
    const { topics } = this.#options
    if (active.length >= topics) active.splice(random.int(Math.floor(topics / 2), topics - 1), 1)
    active.splice(random.chance(0.2) ? random.int(0, active.length) : active.length, 0, topic)
  }

  #write(topic: SimulatedTopic, at: number): SimulatedPost {
    const content = this.#writer.content(topic.recent)
    const opening = topic.posts.length === 0
    const orphan = !opening && this.#random.chance(0.01)
    const author = opening ? topic.author : orphan ? DELETED_AUTHOR : this.#writer.author()
    const post: SimulatedPost = {
      n: this.published,
      id: this.#nextPostId(),
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
      history: this.#inHistory,
      servedAt: undefined,
      deletedAt: undefined,
      deleted: false,
      missable: false,
    }
    this.#archive.add(post)
    topic.posts.push(post)
    topic.recent.push({ author, at, content })
    if (topic.recent.length > QUOTABLE) topic.recent.shift()
    this.version++
    if (topic.pin === undefined) toFront(this.#order, topic)
    this.#age(at)
    return post
  }

  /** Ids are not contiguous; most steps are multiples of 8, some are not. */
  #nextPostId(): string {
    this.#lastPostId += this.#random.chance(0.8) ? 8 * this.#random.int(1, 3) : this.#random.int(1, 30)
    return String(this.#lastPostId)
  }
}

function toFront<T>(items: T[], item: T): void {
  const place = items.indexOf(item)
  if (place > 0) items.splice(place, 1)
  if (place !== 0) items.unshift(item)
}
