import { describe, expect, test } from 'vitest'
import { readBody } from '../src/parse/body.js'
import {
  ParseError,
  classifyPage,
  decodeJvCare,
  parseFrenchDate,
  parseTopicList,
  parseTopicPage,
  withPage,
  parseAddress,
} from '../src/parse/index.js'
import type { TopicState } from '../src/parse/index.js'
import { savedPage, savedPages } from './saved-pages.js'

interface ExpectedList {
  readonly forumId: number
  readonly currentPage: number
  readonly pageCount: number
  readonly topics: readonly {
    readonly id: number
    readonly title: string
    readonly url: string
    readonly stateIcon: string
    readonly author: string
    readonly responses: number
    readonly lastPageUrl: string
    readonly lastPage: number
    readonly lastMessageDate: string
  }[]
}

interface ExpectedTopic {
  readonly topicId: number
  readonly forumId: number
  readonly topic: string
  readonly currentPage: number
  readonly pageCount: number
  readonly posts: readonly {
    readonly id: number
    readonly auteur: string
    readonly hour: string
    readonly edited: string | null
    readonly noelshackOwn: readonly string[]
    readonly noelshackQuoted: readonly string[]
    readonly noelshackInSpoil: readonly string[]
    readonly largeOwn: readonly string[]
    readonly smileysOwn: readonly string[]
  }[]
}

const LIST = '2026-07_respawnirc_forum'
const TOPIC = '2026-07_respawnirc_topic-page1'
const STATES: Readonly<Record<string, TopicState>> = { 'pinned-on': 'pinned', 'pinned-off': 'pinned-locked' }

/** The page as it is, and the same without its payload: both sources must say the same. */
function sources(name: string) {
  return [
    ['payload', savedPage(`${name}.html`)] as const,
    ['html', savedPage(`${name}.html`).replace('forumsAppPayload', 'otherPayload')] as const,
  ]
}

/** How often each occurs. */
function counts(items: readonly string[]) {
  const map = new Map<string, number>()
  for (const item of items) map.set(item, (map.get(item) ?? 0) + 1)
  return map
}

describe.skipIf(!savedPages)('the real pages, value by value', () => {
  test('the topic list, from either source', () => {
    const expected = JSON.parse(savedPage(`${LIST}.EXPECTED.json`)) as ExpectedList
    for (const [source, html] of sources(LIST)) {
      const read = parseTopicList(html)
      expect(read).toMatchObject({
        source,
        forumId: String(expected.forumId),
        page: expected.currentPage,
        pageCount: expected.pageCount,
        nextUrl: '/forums/0-3016891-0-1-0-26-0-genshin-impact.htm',
        problems: [],
      })
      expect(read.rows).toEqual(
        expected.topics.map((topic) => ({
          id: String(topic.id),
          forumId: String(expected.forumId),
          title: topic.title,
          author: topic.author,
          url: topic.url,
          lastPageUrl: topic.lastPageUrl,
          lastPage: topic.lastPage,
          replies: topic.responses,
          lastPostDate: topic.lastMessageDate,
          lastPostAt: parseFrenchDate(topic.lastMessageDate),
          state: STATES[topic.stateIcon] ?? topic.stateIcon,
          pinned: topic.stateIcon.startsWith('pinned'),
          locked: topic.stateIcon === 'pinned-off',
          deleted: false,
        })),
      )
      expect(read.rows.every((row) => row.lastPostAt !== undefined)).toBe(true)
    }
  })

  test('the topic page, from either source', () => {
    const expected = JSON.parse(savedPage(`${TOPIC}.EXPECTED.json`)) as ExpectedTopic
    for (const [source, html] of sources(TOPIC)) {
      const read = parseTopicPage(html)
      expect(read).toMatchObject({
        source,
        topicId: String(expected.topicId),
        forumId: String(expected.forumId),
        title: expected.topic,
        page: expected.currentPage,
        pageCount: expected.pageCount,
        locked: false,
        hidden: [],
        problems: [],
      })
      expect(read.posts.length).toBe(20)
      expect(read.posts.map(({ id, author, date, at, edited }) => ({ id, author, date, at, edited }))).toEqual(
        expected.posts.map((post) => ({
          id: String(post.id),
          author: post.auteur,
          date: post.hour,
          at: parseFrenchDate(post.hour),
          edited: post.edited ?? undefined,
        })),
      )
      for (const [i, post] of expected.posts.entries()) {
        const stickers = read.posts[i]?.stickers ?? []
        // The oracle lists large pictures apart; among themselves the others stand in its order.
        expect(stickers.filter((url) => !post.largeOwn.map(full).includes(url))).toEqual(post.noelshackOwn)
        expect(counts(stickers)).toEqual(counts([...post.noelshackOwn, ...post.largeOwn.map(full)]))
        for (const code of post.smileysOwn) expect(read.posts[i]?.message).toContain(code)
        expect(read.posts[i]?.message).not.toMatch(/Afficher|Masquer| a écrit :/)
      }
      const own = expected.posts.flatMap((post) => [...post.noelshackOwn, ...post.largeOwn])
      expect(read.posts.flatMap((post) => post.stickers).length).toBe(own.length)
      expect(own.length).toBeGreaterThan(218)
    }
  })

  test('words of the topic page', () => {
    const messages = parseTopicPage(savedPage(`${TOPIC}.html`)).posts.map((post) => post.message)
    expect(messages[0]).toBe('SPLIT')
    expect(messages[1]).toMatch(
      /^Bienvenue sur ce douzième topic, désormais plus de 4 ans après le premier split !\nDédicace/,
    )
    expect(messages[1]).toContain(
      "Stickers de l'élite\nhttps://risibank.fr/utilisateur/maredioa\nLes précédentes topics\n1er : https://",
    )
    expect(messages[19]).toBe(
      "Je n'ai rien supprimé... :hap:\nDe toute manière si tu reçois un message c'est que quelqu'un t'a DDB",
    )
  })

  test('the redirect for a topic that does not exist', () => {
    const html = savedPage('2026-07_respawnirc_topic-inexistant.html')
    expect(classifyPage(html)).toBe('index')
    expect(() => parseTopicPage(html)).toThrow(expect.objectContaining({ code: 'page-not-a-topic', pageKind: 'index' }))
    expect(() => parseTopicList(html)).toThrow(ParseError)
  })

  test('the payload as a reader who is logged in gets it', () => {
    const read = parseTopicPage(savedPage('2026-07_respawnirc_topic-connecte.html'))
    expect(read).toMatchObject({
      source: 'payload',
      topicId: '12345678',
      title: 'Topic de test',
      page: 1657,
      pageCount: 1657,
    })
    expect(read.posts.map((post) => [post.author, post.message])).toEqual([
      ['AutreMembre', 'Salut à tous'],
      ['MembreDeTest', 'Bonjour !'],
      ['MembreDeTest', 'Message tout frais'],
    ])
  })

  test('a fragment of 2022, closed by hand; its second post repeats the id of the first', () => {
    const read = parseTopicPage(`${savedPage('2022-12_lewagon_topic-fragment_EDITED.html')}</body></html>`)
    expect(read).toMatchObject({
      source: 'g4',
      topicId: '71295040',
      forumId: '51',
      title: "C'est la merde au taf...",
      page: 1,
    })
    expect(read.posts).toEqual([
      expect.objectContaining({
        id: '1211163144',
        author: 'White_dark_76',
        date: '05/12/2022 11:36:57',
        message:
          "Salut les kheys...\nJe travaille depuis 2 ans et j'en peux plus de travailler a la chaine j'ai l'impression d'etre un robot\nSuis je finito dans ce taf?",
      }),
    ])
    expect(read.problems).toEqual(['post 2 of the page repeats the id 1211163144'])
  })

  test('a body of 2025 with every construct, after JavaScript', () => {
    const body = readBody(savedPage('2025_jv-client_message-markup_AFTER-JS.html'))
    const lines = body.message.split('\n')
    expect(lines.slice(0, 9)).toEqual([
      'test test',
      'test',
      'test',
      'test test test test',
      'test',
      'test',
      'test',
      '* test',
      'test',
    ])
    expect(lines.slice(-4)).toEqual([
      'test test',
      'test',
      ':) :rire:',
      'https://contrapunctus-xiv.github.io/jv-client/',
    ])
    expect(body.stickers).toEqual([
      'https://image.noelshack.com/fichiers/2017/39/3/1506463228-risibg.png',
      'https://image.jeuxvideo.com/stickers/p/st/1kkh',
    ])
  })

  test('the codes of the footer, and every code of the real pages', () => {
    const codes = (html: string) => [...html.matchAll(/class="JvCare (\w+)/g)].map((match) => match[1] ?? '')
    const found = codes(savedPage('2025_jv-client_jvcare-footer.html')).map(decodeJvCare)
    const oracle = [...savedPage('2025_jv-client_jvcare-footer_EXPECTED.html').matchAll(/href="([^"]*)"/g)]
    expect(found).toEqual(oracle.map((match) => match[1]))
    expect(found.length).toBeGreaterThan(10)
    for (const name of [LIST, TOPIC])
      for (const code of codes(savedPage(`${name}.html`))) expect(decodeJvCare(code)).toBeDefined()
  })

  test.each(['g4_topic-list_RECONSTRUCTED', 'g4_topic-page_RECONSTRUCTED'])('%s', (name) => {
    const html = savedPage(`reconstructed/${name}.html`)
    const read = name.includes('list') ? parseTopicList(html) : parseTopicPage(html)
    expect(read).toMatchObject({ source: 'g4', forumId: '51', problems: [] })
    expect('rows' in read ? read.rows.length : read.posts.length).toBe(4)
  })

  test('the address of the next page of a topic', () => {
    const row = parseTopicList(savedPage(`${LIST}.html`)).rows[0]
    const address = parseAddress(row?.url)
    expect(address && withPage(address, row?.lastPage ?? 0)).toBe(row?.lastPageUrl)
  })
})

function full(url: string): string {
  return url.replace('/fichiers-lg/', '/fichiers/')
}
