import type { Post } from 'jvc-receiver/feed'
import type { Bookmarks } from '../bookmarks/bookmarks.js'
import type { Counters } from '../counters.js'
import type { FeedLog } from '../feed/feed-log.js'
import type { Logger } from '../logger.js'
import { compareIds, type PostOnPage, type TopicPage, type TopicRow } from '../parse/index.js'
import { StalePage } from './errors.js'
import { TopicReader, type ReaderPorts } from './topic-reader.js'
import { walkBack, type Walk } from './walk-back.js'

/** The starting point in a topic that was never read: new posts only, its last page, or its first post. */
export type FirstVisit = 'now' | 'page' | 'start'

const DEFAULT_ORIGIN = 'https://www.jeuxvideo.com'

export interface VisitorPorts extends ReaderPorts {
  readonly log: Pick<FeedLog, 'append' | 'lastId'>
  readonly bookmarks: Bookmarks
  readonly counters: Counters
  readonly logger: Logger
}

export interface VisitorOptions {
  readonly from: FirstVisit
  /** The maximum number of pages read backwards at once to catch up with a topic. */
  readonly maxPagesBack: number
  /** The scheme and host of the site, for the addresses of posts. Default `https://www.jeuxvideo.com`. */
  readonly origin?: string | undefined
}

/**
 * Reads the new posts of a topic into the log, then advances its bookmark. In this order a crash between the two loses
 * nothing: a topic is known up to its bookmark or to its last post in the log, whichever is greater.
 */
export class TopicVisitor {
  readonly #ports: VisitorPorts
  readonly #options: VisitorOptions

  constructor(ports: VisitorPorts, options: VisitorOptions) {
    this.#ports = ports
    this.#options = options
  }

  /**
   * Visits a topic once.
   *
   * @param sinceMs with `--from now`, the date from which a topic without a bookmark is read, epoch milliseconds; undefined
   * starts at its present end
   * @throws StalePage, NoPage, ParseError, ScraperError when the visit should be repeated later
   */
  async visit(row: TopicRow, sinceMs: number | undefined, signal: AbortSignal): Promise<void> {
    const reader = new TopicReader(row.lastPageUrl, this.#ports, signal)
    const read = (page: number): Promise<TopicPage> => reader.read(page)
    const known = await this.#known(row.id)
    if (known !== undefined) await this.#catchUp(row, read, known)
    else if (this.#options.from === 'page') await this.#emitLatest(row, await this.#walk(row, read, hasPosts))
    else if (this.#options.from === 'start') await this.#readFromStart(row, read)
    else await this.#beginNow(row, read, sinceMs)
  }

  /** Returns the last known post. The log is ahead of the bookmark when advancing it failed, or after a crash in between. */
  async #known(topicId: string): Promise<string | undefined> {
    const { bookmarks, log } = this.#ports
    const stored = await bookmarks.get(topicId)
    const logged = log.lastId(topicId)
    if (logged === undefined || (stored !== undefined && compareIds(stored, logged) >= 0)) return stored
    await bookmarks.advance(topicId, logged)
    return logged
  }

  async #catchUp(row: TopicRow, read: (page: number) => Promise<TopicPage>, known: string): Promise<void> {
    const reached = (page: TopicPage): boolean => hasUpTo(page, known)
    const walk = await this.#walk(row, read, reached)
    if (walk.bounded && this.#options.from === 'start') return this.#readFromStart(row, read, known)
    if (walk.bounded) this.#reportGap(row, known, walk)
    await this.#emitLatest(row, walk, (post) => compareIds(post.id, known) > 0)
  }

  /** Starts at the topic's present end when there is no date; else everything from that second on is new. */
  async #beginNow(
    row: TopicRow,
    read: (page: number) => Promise<TopicPage>,
    sinceMs: number | undefined,
  ): Promise<void> {
    if (sinceMs === undefined) {
      const walk = await this.#walk(row, read, hasPosts)
      const last = walk.posts[walk.posts.length - 1]
      if (last !== undefined) await this.#ports.bookmarks.advance(row.id, last.id)
      return
    }
    const isOld = ({ at }: PostOnPage): boolean => at !== undefined && at < sinceMs
    const walk = await this.#walk(row, read, (page) => page.posts.some(isOld))
    if (walk.bounded) this.#reportGap(row, undefined, walk)
    await this.#emitLatest(row, walk, (post) => !isOld(post))
  }

  /** Reads forward in stretches of bounded length. Each stretch is read backwards, so that no post slips through. */
  async #readFromStart(row: TopicRow, read: (page: number) => Promise<TopicPage>, known?: string): Promise<void> {
    const { maxPagesBack } = this.#options
    let after = known
    let from = known === undefined ? 1 : await findPage(read, row.lastPage, known)
    for (let end = false; !end;) {
      const to = from + maxPagesBack
      const [begin, mark] = [from, after]
      const walk = await walkBack(read, {
        from: Math.min(to, Math.max(row.lastPage, begin)),
        reached: (page) => page.page <= begin || (mark !== undefined && hasUpTo(page, mark)),
        maxPages: maxPagesBack + 1,
      })
      end = walk.top.page >= walk.top.pageCount || walk.top.page < to
      const isNew = (post: PostOnPage): boolean => mark === undefined || compareIds(post.id, mark) > 0
      // Only the last stretch reaches the post that the list shows.
      await (end ? this.#emitLatest(row, walk, isNew) : this.#emit(row, walk, isNew))
      after = walk.posts[walk.posts.length - 1]?.id ?? mark
      from = walk.top.page
    }
  }

  /** Walks back from the last page, or from a later one if the topic has grown since the list was read. */
  async #walk(
    row: TopicRow,
    read: (page: number) => Promise<TopicPage>,
    reached: (page: TopicPage) => boolean,
  ): Promise<Walk> {
    const { maxPagesBack: maxPages } = this.#options
    const walk = await walkBack(read, { from: row.lastPage, reached, maxPages })
    const { page, pageCount } = walk.top
    return page < pageCount && walk.deleted === undefined
      ? walkBack(read, { from: pageCount, reached, maxPages })
      : walk
  }

  /**
   * Writes posts to the log, then advances the bookmark.
   *
   * @throws NoPage when the topic was deleted during the walk; its posts have been written by then
   */
  async #emit(
    row: TopicRow,
    { posts, top, deleted }: Walk,
    isNew: (post: PostOnPage) => boolean = () => true,
  ): Promise<void> {
    const fresh = posts.filter(isNew)
    const last = fresh[fresh.length - 1]
    if (last !== undefined) {
      const written = await this.#ports.log.append(
        row.id,
        fresh.map((post) => toPost(post, top, this.#options.origin)),
      )
      this.#ports.counters.add('posts', written)
      await this.#ports.bookmarks.advance(row.id, last.id)
    }
    if (deleted !== undefined) throw deleted
  }

  /**
   * Emits a walk from the end of the topic, then compares it with the row of the list.
   *
   * @throws StalePage when the list shows a later post: the pages served were old, so the visit is repeated
   */
  async #emitLatest(row: TopicRow, walk: Walk, isNew?: (post: PostOnPage) => boolean): Promise<void> {
    await this.#emit(row, walk, isNew)
    const { posts, top } = walk
    const last = posts[posts.length - 1]
    const { lastPostAt, lastPostDate } = row
    if (lastPostAt === undefined || last === undefined || top.hidden.length > 0) return
    // Posts of one second may be out of order, so any post may be the one that the list shows.
    if (posts.some(({ at, date }) => date === lastPostDate || at === undefined || at >= lastPostAt)) return
    throw new StalePage(
      `topic ${row.id}: the list shows a post of ${lastPostDate}, but the last one served is of ${last.date}`,
      true,
    )
  }

  #reportGap(row: TopicRow, known: string | undefined, { posts }: Walk): void {
    this.#ports.counters.add('gaps')
    const first = posts[0]?.id
    const pages = this.#options.maxPagesBack
    this.#ports.logger.warn(
      { topic: row.id, after: known, before: first, pages },
      'posts are missing: the topic grew faster than it was read (--max-pages-back)',
    )
  }
}

/** Returns whether the page holds a post at all: the last page of a topic may be empty after deletions. */
function hasPosts({ posts, hidden }: TopicPage): boolean {
  return posts.length + hidden.length > 0
}

/** Returns whether the page holds a post up to `id`, so that everything newer than `id` follows. */
function hasUpTo({ posts, hidden }: TopicPage, id: string): boolean {
  return posts.some((post) => compareIds(post.id, id) <= 0) || hidden.some((other) => compareIds(other, id) <= 0)
}

/** Finds the last page that holds a post up to `id` by binary search: ids ascend over the pages of a topic. */
async function findPage(read: (page: number) => Promise<TopicPage>, lastPage: number, id: string): Promise<number> {
  let [low, high] = [1, lastPage]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (hasUpTo(await read(middle), id)) low = middle
    else high = middle - 1
  }
  return low
}

/** Makes the line of the feed from a post. @param top the latest page of its topic, whose title is the present one */
function toPost(
  { id, date, author, message, stickers, page, permalink, at, edited, links, quotes }: PostOnPage,
  { title, topicId, forumId }: TopicPage,
  origin = DEFAULT_ORIGIN,
): Post {
  return {
    ...{ id, hour: date, topic: title, auteur: author, message, stickers: [...stickers] },
    topicId,
    ...(forumId === undefined ? {} : { forumId }),
    ...{ page, permalink: origin + permalink },
    ...(at === undefined ? {} : { at }),
    ...(edited === undefined ? {} : { edited }),
    links: [...links],
    quotes: quotes.map(({ author: auteur, date: hour, at }) => ({
      ...(auteur === undefined ? {} : { auteur }),
      hour,
      ...(at === undefined ? {} : { at }),
    })),
  }
}
