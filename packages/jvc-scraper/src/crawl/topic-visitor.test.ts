import { describe, expect, test } from 'vitest'
import { MemoryBookmarks } from '../bookmarks/memory-bookmarks.js'
import { Counters } from '../counters.js'
import { FeedLog } from '../feed/feed-log.js'
import { MemoryLogStore } from '../feed/memory-log-store.js'
import { silentLogger } from '../logger.js'
import { formatFrenchDate, parseAddress, type TopicRow } from '../parse/index.js'
import { rowOf } from '../../test/test-pages.js'
import { TopicVisitor, type FirstVisit } from './topic-visitor.js'

const none = new AbortController().signal
const PER_PAGE = 20

interface Topic {
  title: string
  ids: number[]
  /** The number of pages, when the last ones are empty. */
  pages?: number
}

/** Returns the date of a post: a second for each id, from 27 July 2026 at 12:00. */
function dateOf(post: number): string {
  return formatFrenchDate(atOf(post))
}
function atOf(post: number): number {
  return Date.UTC(2026, 6, 27, 10) + post * 1000
}

/** A page of a topic as the site's payload has it; `bad` posts have no author that could be read, nor a body. */
function pageOf(id: string, { title, ids, pages }: Topic, page: number, bad: ReadonlySet<number>): string {
  const pageCount = pages ?? Math.max(1, Math.ceil(ids.length / PER_PAGE))
  const listMessage = ids.slice((page - 1) * PER_PAGE, page * PER_PAGE).map((post) =>
    bad.has(post)
      ? { id: post, renderedText: 7 }
      : {
          id: post,
          publishedAuthorName: 'A',
          publishedDate: dateOf(post),
          renderedText: `<p>m${post}</p>`,
        },
  )
  const pagerView = { currentPage: page, pageCount }
  const payload = { listMessage, topicId: Number(id), forumId: 51, topicTitleField: title, pagerView }
  const packed = Buffer.from(JSON.stringify(payload)).toString('base64')
  return `<html><script>window.jvc.forumsAppPayload="${packed}";</script></html>`
}

async function start(from: FirstVisit = 'start', maxPagesBack = 50) {
  const topics = new Map<string, Topic>()
  const bad = new Set<number>()
  const counters = new Counters()
  const bookmarks = new MemoryBookmarks()
  const log = await FeedLog.open(new MemoryLogStore())
  const site: { mood: (page: number, request: number) => boolean; deletedAt: number } = {
    mood: () => false,
    deletedAt: Infinity,
  }
  let requests = 0
  const fetcher = {
    page: (path: string) => {
      if (site.mood(parseAddress(path)?.page ?? 0, ++requests)) return Promise.resolve({ kind: 'index', path } as const)
      if (requests >= site.deletedAt) return Promise.resolve({ kind: 'gone', path } as const)
      const { topicId = '', page = 0 } = parseAddress(path) ?? {}
      const html = pageOf(topicId, topics.get(topicId) as Topic, page, bad)
      return Promise.resolve({ kind: 'page', path, html } as const)
    },
  }
  const visitor = new TopicVisitor({ fetcher, counters, logger: silentLogger, bookmarks, log }, { from, maxPagesBack })
  const visit = (id: string, shown: Partial<TopicRow> = {}): Promise<void> => {
    const { title, ids } = topics.get(id) as Topic
    const lastPage = Math.max(1, Math.ceil(ids.length / PER_PAGE))
    const row: TopicRow = rowOf({ id, title, lastPage, replies: ids.length - 1, ...shown })
    return visitor.visit(row, undefined, none)
  }
  const sent = (): string[] => log.read(0, Infinity).map(({ topicId, postId }) => `${topicId}:${postId}`)
  return { topics, bad, site, counters, bookmarks, log, visit, sent }
}

function upTo(count: number, from = 1): number[] {
  return Array.from({ length: count }, (_, i) => from + i)
}
function of(id: string, ids: readonly number[]): string[] {
  return ids.map((post) => `${id}:${post}`)
}

describe('a visit', () => {
  test('two topics of one title are two topics', async () => {
    const { topics, visit, sent } = await start()
    topics.set('1', { title: 'Même titre', ids: [10, 30] })
    topics.set('2', { title: 'Même titre', ids: [5, 20] })
    await visit('1')
    await visit('2')
    topics.get('2')?.ids.push(25)
    await visit('2')
    expect(sent()).toEqual([...of('1', [10, 30]), ...of('2', [5, 20, 25])])
  })

  test('a topic with a new title is the one it was: nothing is sent again', async () => {
    const { topics, visit, sent, log } = await start()
    topics.set('1', { title: 'Avant', ids: [10, 30] })
    await visit('1')
    topics.set('1', { title: 'Après', ids: [10, 30, 40] })
    await visit('1')
    expect(sent()).toEqual(of('1', [10, 30, 40]))
    expect(log.read(0, Infinity).map(({ line }) => (JSON.parse(line) as { topic: string }).topic)).toEqual([
      'Avant',
      'Avant',
      'Après',
    ])
  })

  test('more posts than a page holds, from one visit to the next: all of them, by ascending id', async () => {
    const { topics, visit, sent, counters } = await start()
    topics.set('1', { title: 't', ids: upTo(5) })
    await visit('1')
    topics.set('1', { title: 't', ids: upTo(95) })
    await visit('1')
    expect(sent()).toEqual(of('1', upTo(95)))
    expect(counters.get('gaps')).toBe(0)
  })

  test('a post that cannot be read costs nobody but itself, and the bookmark goes on', async () => {
    const { topics, bad, visit, sent, counters, bookmarks } = await start()
    topics.set('1', { title: 't', ids: [1, 2, 3] })
    bad.add(2)
    await visit('1')
    expect([sent(), await bookmarks.get('1')]).toEqual([of('1', [1, 3]), '3'])
    expect(counters.get('postsUnreadable')).toBe(1)
    topics.get('1')?.ids.push(4)
    bad.add(4)
    await visit('1')
    topics.get('1')?.ids.push(5)
    await visit('1')
    expect(sent()).toEqual(of('1', [1, 3, 5]))
  })

  test.each<[FirstVisit, number[]]>([
    ['now', []],
    ['page', upTo(5, 41)],
    ['start', upTo(45)],
  ])('the first one, --from %s; what follows is sent whatever that was', async (from, first) => {
    const { topics, visit, sent } = await start(from)
    topics.set('1', { title: 't', ids: upTo(45) })
    await visit('1')
    expect(sent()).toEqual(of('1', first))
    topics.set('1', { title: 't', ids: upTo(50) })
    await visit('1')
    expect(sent()).toEqual(of('1', [...first, ...upTo(5, 46)]))
  })

  test.each<[FirstVisit, number, string[]]>([
    ['start', 4, of('1', upTo(40, 61))],
    ['page', 4, of('1', upTo(40, 61))],
    ['page', 2, []],
  ])('a topic that is deleted while it is read, from %s: what was read of it is sent', async (from, pages, wanted) => {
    const { topics, site, visit, sent, bookmarks } = await start(from)
    topics.set('1', { title: 'T', ids: upTo(20) })
    await visit('1')
    const before = sent().length
    topics.set('1', { title: 'T', ids: upTo(100) })
    // One request before, the last page, and the one before it.
    site.deletedAt = pages
    await expect(visit('1')).rejects.toThrow('the topic was deleted')
    expect(sent().slice(before)).toEqual(wanted)
    expect(await bookmarks.get('1')).toBe(wanted.length > 0 ? '100' : '20')
  })

  test('a topic that grew beyond the bound is a gap, and is gone on with behind it', async () => {
    const { topics, visit, sent, counters, bookmarks } = await start('now', 2)
    topics.set('1', { title: 't', ids: upTo(20) })
    await visit('1')
    topics.set('1', { title: 't', ids: upTo(100) })
    await visit('1')
    expect(sent()).toEqual(of('1', upTo(40, 61)))
    expect([counters.get('gaps'), await bookmarks.get('1')]).toEqual([1, '100'])
  })

  test('posts that are in the log although the bookmark is behind are not sent again', async () => {
    const { topics, visit, sent, bookmarks, log } = await start()
    topics.set('1', { title: 't', ids: [1, 2, 3] })
    const post = { hour: '', topic: 't', auteur: 'a', message: 'm', stickers: [] }
    await log.append('1', [
      { id: '1', ...post },
      { id: '2', ...post },
    ])
    await bookmarks.advance('1', '1')
    await visit('1')
    expect(sent()).toEqual(of('1', [1, 2, 3]))
  })

  test('a further page that is not there for a moment is asked for again; one that stays away ends the visit', async () => {
    const { topics, site, visit, sent } = await start()
    topics.set('1', { title: 't', ids: upTo(100) })
    site.mood = (page, request) => page < 5 && request % 3 !== 0
    await visit('1')
    expect(sent()).toEqual(of('1', upTo(100)))
    topics.set('2', { title: 't', ids: upTo(45) })
    site.mood = (page) => page === 2
    await expect(visit('2')).rejects.toThrow('is no longer there')
    site.mood = () => true
    await expect(visit('2')).rejects.toThrow('redirected to the forum index')
  })

  test('--from start on 300 pages is one visit: only the last stretch is compared with the list', async () => {
    const { topics, visit, sent } = await start('start', 50)
    topics.set('1', { title: 't', ids: upTo(6000) })
    await visit('1', { lastPostAt: atOf(6000), lastPostDate: dateOf(6000) })
    expect(sent()).toEqual(of('1', upTo(6000)))
  })

  test.each<[string, number[], Partial<TopicRow>, boolean]>([
    ['is the last one', upTo(45), { lastPostAt: atOf(45), lastPostDate: dateOf(45) }, false],
    ['is later than the pages', upTo(45), { lastPostAt: atOf(46), lastPostDate: dateOf(46) }, true],
    ['has the date of another post', upTo(45), { lastPostAt: atOf(45) + 3_600_000, lastPostDate: dateOf(45) }, false],
  ])('a post of the list that %s: what the pages show is sent', async (_, ids, shown, isStale) => {
    const { topics, visit, sent } = await start('start', 1)
    topics.set('1', { title: 't', ids })
    const visited = visit('1', shown)
    await (isStale ? expect(visited).rejects.toThrow('the list shows a post of') : visited)
    expect(sent()).toEqual(of('1', ids))
  })

  test.each<[FirstVisit, string[]]>([
    ['page', of('1', upTo(20, 21))],
    ['start', of('1', upTo(40))],
  ])('an empty last page, --from %s: the posts before it are read', async (from, wanted) => {
    const { topics, visit, sent } = await start(from)
    topics.set('1', { title: 't', ids: upTo(40), pages: 3 })
    await visit('1', { lastPage: 3 })
    expect(sent()).toEqual(wanted)
    topics.set('1', { title: 't', ids: upTo(42) })
    await visit('1')
    expect(sent()).toEqual([...wanted, ...of('1', [41, 42])])
  })
})
