import type { PostOnPage, TopicListPage, TopicPage, TopicRow } from '../src/parse/index.js'

/** Rows, posts and pages for tests, with believable values where a test names none. */
export function rowOf(row: Partial<TopicRow> & { id: string }): TopicRow {
  const lastPage = row.lastPage ?? 1
  return {
    forumId: '51',
    title: `Topic ${row.id}`,
    author: 'a',
    url: `/forums/42-51-${row.id}-1-0-1-0-x.htm`,
    lastPageUrl: `/forums/42-51-${row.id}-${lastPage}-0-1-0-x.htm`,
    lastPage,
    replies: 0,
    lastPostDate: String(row.lastPostAt),
    lastPostAt: undefined,
    state: 'normal',
    pinned: false,
    locked: false,
    deleted: false,
    ...row,
  }
}

export function listOf(rows: readonly TopicRow[], page = 1, more = false): TopicListPage {
  const nextUrl = more ? `/forums/0-51-0-1-0-${page * 25 + 1}-0-x.htm` : undefined
  return {
    kind: 'list',
    source: 'payload',
    forumId: '51',
    page,
    pageCount: undefined,
    nextUrl,
    rows,
    passedOver: [],
    problems: [],
  }
}

export function postOf(id: number, at?: number, page = 1): PostOnPage {
  const date = String(at)
  const body = { message: `m${id}`, stickers: [], links: [], quotes: [] }
  return { id: String(id), author: 'a', date, at, edited: undefined, ...body, page, permalink: `/forums/message/${id}` }
}

/** A topic as a list of ids, cut into pages of `perPage`. */
export function pageOf(topicId: string, ids: readonly number[], page: number, perPage: number): TopicPage {
  const pageCount = Math.max(1, Math.ceil(ids.length / perPage))
  const served = Math.min(page, pageCount)
  return {
    kind: 'topic',
    source: 'payload',
    topicId,
    forumId: '51',
    title: `Topic ${topicId}`,
    page: served,
    pageCount,
    locked: false,
    posts: ids.slice((served - 1) * perPage, served * perPage).map((id) => postOf(id, undefined, served)),
    hidden: [],
    passedOver: [],
    problems: [],
  }
}
