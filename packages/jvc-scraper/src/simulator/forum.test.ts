import { describe, expect, test } from 'vitest'
import { parseTopicList, parseTopicPage } from '../parse/index.js'
import type { TopicListPage, TopicPage } from '../parse/index.js'
import type { Dress } from './frame.js'
import { Forum } from './forum.js'
import type { SimulatedPost } from './archive.js'
import { listView } from './list-view.js'
import { topicView } from './topic-view.js'

const NOW = Date.UTC(2026, 6, 27, 12, 11)
const TODAY: Dress = { payload: 'gzip', visible: true }
const DRESSES: readonly (readonly [string, Dress, string])[] = [
  ['today', TODAY, 'payload'],
  ['payload of April 2026', { payload: 'plain', visible: true }, 'payload'],
  ['payload alone', { payload: 'gzip', visible: false }, 'payload'],
  ['damaged payload', { payload: 'garbage', visible: true }, 'html'],
  ['markup alone', { payload: 'none', visible: true }, 'html'],
]

function forumOf(seed: number, posts = 1200): Forum {
  const forum = new Forum({ seed, forumId: '51', topics: 30, history: 100, now: NOW })
  for (let i = 0; i < posts; i++) forum.publish(NOW + i * 5)
  return forum
}

function readList(forum: Forum, dress: Dress): TopicListPage[] {
  return Array.from({ length: forum.listPageCount() }, (_, i) => parseTopicList(listView(forum, i + 1, NOW, dress)))
}

function readTopic(forum: Forum, id: string, dress: Dress): TopicPage[] {
  const topic = forum.topic(id)
  if (topic === undefined) throw new Error(`no topic ${id}`)
  return Array.from({ length: forum.pageCount(topic) }, (_, i) => parseTopicPage(topicView(forum, topic, i + 1, dress)))
}

function feedFields({ id, hour, title, author, message, stickers }: SimulatedPost) {
  return {
    id,
    hour,
    topic: title,
    auteur: author,
    message,
    stickers,
  }
}

describe('what the pages show is what was published', () => {
  test.each(DRESSES)('%s', (_, dress, source) => {
    const forum = forumOf(3, 600)
    const rows = readList(forum, dress).flatMap((page) => page.rows)
    expect(rows.length).toBe(forum.topicCount)
    const read = rows.flatMap((row) =>
      readTopic(forum, row.id, dress).flatMap((page) => {
        expect(page.source).toBe(source)
        expect(page.problems).toEqual([])
        return page.posts.map((post) => ({
          id: post.id,
          hour: post.date,
          topic: page.title,
          auteur: post.author,
          message: post.message,
          stickers: post.stickers,
        }))
      }),
    )
    const published = forum.posts.map(feedFields).sort((a, b) => Number(a.id) - Number(b.id))
    expect(read.sort((a, b) => Number(a.id) - Number(b.id))).toEqual(published)
  })
})

test('the list stands as the site has it: pinned first, then by last post, with the count and the last page', () => {
  const forum = forumOf(4)
  const pages = readList(forum, TODAY)
  expect(pages.map((page) => page.rows.length)).toEqual([...pages.slice(1).map(() => 25), expect.any(Number)])
  expect(pages.map((page) => page.pageCount)).toEqual(pages.map(() => pages.length))
  expect(pages.at(-1)?.nextUrl).toBe(undefined)
  const rows = pages.flatMap((page) => page.rows)
  expect(rows.slice(0, 3).map((row) => row.state)).toEqual(['pinned-locked', 'pinned', 'hot'])
  const dates = rows.slice(2).map((row) => row.lastPostAt ?? 0)
  expect(dates).toEqual([...dates].sort((a, b) => b - a))
  for (const row of rows) {
    const topic = forum.topic(row.id)
    expect(row.replies + 1).toBe(topic?.posts.length)
    expect(row.lastPage).toBe(Math.ceil((topic?.posts.length ?? 0) / 20))
  }
})

test('the same seed publishes the same posts; another seed does not', () => {
  const once = forumOf(7, 300).posts.map(feedFields)
  expect(forumOf(7, 300).posts.map(feedFields)).toEqual(once)
  expect(forumOf(8, 300).posts.map(feedFields)).not.toEqual(once)
})

test('the mix has a shape: top words, authors and stickers stand out, and every construct occurs', () => {
  const { posts } = forumOf(1, 4000)
  const tops = (items: readonly string[]) => {
    const counts = new Map<string, number>()
    for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
    return [...counts].sort((a, b) => b[1] - a[1])
  }
  const words = tops(posts.flatMap((post) => post.message.split(/\s+/).filter((word) => word.length >= 5)))
  expect(words[0]?.[1] ?? 0).toBeGreaterThan(4 * (words[14]?.[1] ?? 0))
  const authors = tops(posts.map((post) => post.author)).map(([name]) => name)
  expect(authors.indexOf('surf_colos2')).toBeLessThan(6)
  const stickers = tops(posts.flatMap((post) => post.stickers))
  expect(stickers[0]?.[1] ?? 0).toBeGreaterThan(5 * (stickers[20]?.[1] ?? 0))
  const html = posts.map((post) => post.html).join('')
  const constructs = ['blockquote', 'spoil--inline', '"message__spoil"', 'smiley', 'urlImgLarge', 'message__sticker']
  for (const mark of [
    ...constructs,
    'cesure',
    '<ul',
    '<ol',
    '<pre',
    '<br />',
    '_blank""',
    '&eacute;',
    '😂',
    '<strong>',
  ]) {
    expect(html).toContain(mark)
  }
  expect(posts.some((post) => post.orphan)).toBe(true)
  expect(posts.some((post, i) => i > 0 && Number(post.id) % 8 !== 0)).toBe(true)
})
