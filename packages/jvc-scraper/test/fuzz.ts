import fc from 'fast-check'
import { expect } from 'vitest'
import { readBody } from '../src/parse/body.js'
import { ParseError, classifyPage, parseTopicList, parseTopicPage } from '../src/parse/index.js'
import type { TopicListPage, TopicPage } from '../src/parse/index.js'
import { Forum } from '../src/simulator/forum.js'
import { listView } from '../src/simulator/list-view.js'
import { topicView } from '../src/simulator/topic-view.js'
import { G4_LIST, G4_TOPIC } from './g4-pages.js'

const forum = new Forum({ seed: 9, forumId: '51', topics: 6, history: 60, now: Date.UTC(2026, 6, 27) })
const topic = forum.listPage(1)[2]
if (topic === undefined) throw new Error('the simulated forum is empty')
const BOTH = { payload: 'gzip', visible: true } as const
const MARKUP = { payload: 'none', visible: true } as const
const PLAIN = { payload: 'plain', visible: false } as const

const PAGES = [
  topicView(forum, topic, 1, BOTH),
  topicView(forum, topic, 1, MARKUP),
  topicView(forum, topic, 1, PLAIN),
  listView(forum, 1, 0, BOTH),
  listView(forum, 1, 0, MARKUP),
  G4_LIST,
  G4_TOPIC,
]
export const PIECES = [
  '<div>',
  '</div>',
  '<p>',
  '</p>',
  '<blockquote>',
  '</blockquote>',
  '<img',
  ' alt="',
  '>',
  '"',
  "'",
  '&',
  '&#',
  '&amp',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<script>',
  '</script>',
  '<svg>',
  '</svg>',
  '<title>',
  '<pre>',
  '</html>',
  '\u0000',
  '\ud83d',
  '<a href=',
  'class="JvCare 1F',
  'id="listMessages"',
  'class="messageUser" id="message-8"',
  'window.jvc.forumsAppPayload="',
  'eyJsaXN0TWVzc2FnZSI6W119',
  '__proto__="1"',
  '<table><tr><li>',
  '<br/>',
]

/** What a damaged page can be: cut, with foreign pieces and characters in it, put together anew, or pure noise. */
const damage = fc.tuple(
  fc.nat(),
  fc.nat(),
  fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 20 })),
)
const damaged = fc
  .tuple(fc.constantFrom(...PAGES), fc.array(damage, { minLength: 1, maxLength: 8 }), fc.boolean())
  .map(([page, damages, cut]) => {
    const hurt = damages.reduce((text, [at, length, piece]) => {
      const from = at % (text.length + 1)
      return text.slice(0, from) + piece + text.slice(from + (length % 60))
    }, page)
    return cut ? hurt.slice(0, (damages[0]?.[0] ?? 0) % (hurt.length + 1)) : hurt
  })
const nested = fc
  .tuple(fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 700 }))
  .map(([pieces, times]) => `${pieces.join('').repeat(times)}</html>`)
const soup = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 9 })), { maxLength: 80 })
  .map((all) => all.join(''))
const payload = fc
  .tuple(
    fc.constantFrom('listMessage', 'listTopics', '__proto__', 'constructor'),
    fc.jsonValue({ maxDepth: 4 }),
    fc.jsonValue({ maxDepth: 2 }),
  )
  .map(([key, value, id]) => {
    const json = `{${JSON.stringify(key)}:[${JSON.stringify(value)},{"id":${JSON.stringify(id)},"__proto__":{"polluted":1}}],"topicId":7,"topicTitleField":"x","forumId":51,"pagerView":${JSON.stringify(value)}}`
    return `forumsAppPayload="${Buffer.from(json).toString('base64')}"`
  })

/** Any page whatever. */
export const anyPage = fc.oneof({ weight: 6, arbitrary: damaged }, nested, soup, { weight: 2, arbitrary: payload })

const prototype = JSON.stringify([Object, Array, String, Map].map((type) => Object.getOwnPropertyNames(type.prototype)))

/** Whatever the page: a page or a ParseError, of the shape that the types promise, and no prototype touched. */
export function readsOrRefuses(html: string): void {
  for (const parse of [parseTopicPage, parseTopicList]) {
    try {
      check(parse(html))
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      expect(error.message).not.toMatch(/\p{Cc}/u)
    }
  }
  expect(typeof classifyPage(html)).toBe('string')
  expect(typeof readBody(html).message).toBe('string')
  expect(({} as { polluted?: unknown }).polluted).toBe(undefined)
  expect(JSON.stringify([Object, Array, String, Map].map((type) => Object.getOwnPropertyNames(type.prototype)))).toBe(
    prototype,
  )
}

function check(page: TopicPage | TopicListPage): void {
  expect(page.page).toBeGreaterThanOrEqual(1)
  const items = page.kind === 'topic' ? page.posts : page.rows
  for (const { id, author } of items) {
    expect(id).toMatch(/^[1-9]\d*$/)
    expect(author).not.toBe('')
  }
  if (page.kind === 'list') {
    for (const row of page.rows)
      expect(row.lastPageUrl).toMatch(/^\/forums\/(?:42|1)-\d+-\d+-\d+-0-1-0-[^\s"<>]*\.htm$/)
    return
  }
  const ids = page.posts.map((post) => Number(post.id))
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b))
  for (const post of page.posts) for (const url of post.stickers) expect(url).toMatch(/^https?:\/\/\S+$/)
}
