import { describe, expect, test } from 'vitest'
import { G4_LIST, G4_TOPIC } from '../../test/g4-pages.js'
import { parseTopicList } from './index.js'

function pack(value: unknown) {
  return `<script>window.jvc.forumsAppPayload="${Buffer.from(JSON.stringify(value)).toString('base64')}";</script>`
}
function url(id: number, page: number) {
  return `/forums/42-51-${id}-${page}-0-1-0-x.htm`
}
function topic(over: Record<string, unknown> = {}) {
  return {
    id: 77,
    title: 'Un sujet',
    url: url(77, 1),
    lastPageUrl: url(77, 3),
    stateTopic: 'msg-visible',
    stateIcon: 'hot',
    author: { pseudo: 'A', role: '' },
    realLastMessageDate: '27 juillet 2026 à 13:59:20',
    responsesCount: 41,
    ...over,
  }
}
function list(topics: unknown[], over: Record<string, unknown> = {}) {
  return parseTopicList(pack({ listTopics: topics, forumId: 51, pagerView: { currentPage: 1, pageCount: 1 }, ...over }))
}

describe('the payload', () => {
  test('gives the rows', () => {
    const next = { pageNumber: 2, url: '/forums/0-51-0-1-0-26-0-blabla-18-25-ans.htm' }
    expect(list([topic()], { pagerView: { currentPage: 1, pageCount: 9, next } })).toEqual({
      kind: 'list',
      source: 'payload',
      forumId: '51',
      page: 1,
      pageCount: 9,
      nextUrl: next.url,
      rows: [
        {
          id: '77',
          forumId: '51',
          title: 'Un sujet',
          author: 'A',
          url: url(77, 1),
          lastPageUrl: url(77, 3),
          lastPage: 3,
          replies: 41,
          lastPostDate: '27 juillet 2026 à 13:59:20',
          lastPostAt: Date.UTC(2026, 6, 27, 11, 59, 20),
          state: 'hot',
          pinned: false,
          locked: false,
          deleted: false,
        },
      ],
      problems: [],
      passedOver: [],
    })
  })

  test.each([
    ['pinned', { stateIcon: 'pinned-on' }, { state: 'pinned', pinned: true, locked: false }],
    ['pinned and closed', { stateIcon: 'pinned-off' }, { state: 'pinned-locked', pinned: true, locked: true }],
    ['closed', { stateIcon: 'lock' }, { state: 'locked', pinned: false, locked: true }],
    ['resolved', { stateIcon: 'resolved' }, { state: 'resolved', locked: false }],
    ['an icon of tomorrow', { stateIcon: 'toString' }, { state: 'other' }],
    ['removed', { stateTopic: 'msg-deleted' }, { deleted: true }],
    ['a deleted author', { author: null }, { author: 'Pseudo supprimé' }],
    ['no author, as PHP writes it', { author: [] }, { author: 'Pseudo supprimé' }],
    ['a count as moderators see it', { responsesCount: '12 / 20' }, { replies: 12 }],
    ['no last page', { lastPageUrl: null }, { lastPageUrl: url(77, 1), lastPage: 1 }],
    ['the last page of another topic', { lastPageUrl: url(78, 9) }, { lastPageUrl: url(77, 1), lastPage: 1 }],
    ['addresses with a host', { url: `https://www.jeuxvideo.com${url(77, 1)}` }, { url: url(77, 1) }],
  ])('%s', (_, over, expected) => {
    expect(list([topic(over)]).rows[0]).toMatchObject(expected)
  })

  test('a row that cannot be read costs nobody but itself', () => {
    const bad = [
      null,
      topic({ id: 'x' }),
      topic({ url: 'javascript:x' }),
      topic({ url: url(78, 1) }),
      topic({ title: ' ' }),
    ]
    const read = list([topic(), ...bad, topic({ responsesCount: null }), topic({ id: 78, url: url(78, 1) })])
    expect(read.rows.map((row) => row.id)).toEqual(['77', '78'])
    expect(read.problems).toEqual([
      'row 2 of the list has no topic id',
      'row 3 of the list has no topic id',
      'row 4 of the list (topic 77) has no address of that topic',
      'row 5 of the list (topic 77) has no address of that topic',
      'row 6 of the list (topic 77) has no title',
      'row 7 of the list (topic 77) has no number of answers',
    ])
  })

  test('may list the topics as an object with gaps', () => {
    const topics = { 1: topic({ id: 8, url: url(8, 1) }), 5: topic({ id: 9, url: url(9, 1) }) }
    expect(list([], { listTopics: topics }).rows.map(({ id }) => id)).toEqual(['8', '9'])
  })

  test('orders its rows by instant in the hour that occurs twice in October, pinned ones aside', () => {
    const times = [
      ['8', '02:55:00', 'pinned-on'],
      ['16', '02:10:00', 'normal'],
      ['24', '02:50:00', 'normal'],
    ] as const
    const topics = times.map(([id, time, stateIcon]) =>
      topic({ id: Number(id), url: url(Number(id), 1), stateIcon, realLastMessageDate: `25 octobre 2026 à ${time}` }),
    )
    const hour = Date.UTC(2026, 9, 25)
    const minutes = list(topics).rows.map(({ lastPostAt }) => ((lastPostAt ?? 0) - hour) / 60_000)
    expect(minutes).toEqual([55, 70, 50])
  })

  test('the forum is known by its rows when the payload does not say', () => {
    expect(list([topic()], { forumId: undefined }).forumId).toBe('51')
  })
})

test('the markup of 2022 to April 2026', () => {
  const read = parseTopicList(G4_LIST)
  expect(read).toMatchObject({
    source: 'g4',
    forumId: '51',
    page: 2,
    pageCount: undefined,
    nextUrl: '/forums/0-51-0-1-0-51-0-blabla-18-25-ans.htm',
    problems: [],
  })
  expect(
    read.rows.map((row) => [row.id, row.title, row.author, row.replies, row.lastPage, row.lastPostDate, row.state]),
  ).toEqual([
    ['68700001', 'Règles', 'Modo_Demo', 0, 1, '03/01/2022', 'pinned-locked'],
    ['68700002', 'Vu & revu', '[Demo]', 41, 3, '18:24:11', 'pinned'],
    ['68700003', 'Un sujet', 'Demo-B', 12, 1, '18:24:09', 'hot'],
    ['68700004', 'Orphelin', 'Pseudo supprimé', 3, 1, '18:23:58', 'normal'],
    ['68700005', 'Fermé', 'Demo', 3, 1, '18:20:00', 'locked'],
    ['68700006', 'Résolu', 'Demo', 3, 1, '18:20:00', 'resolved'],
    ['68700007', 'Supprimé', 'Demo', 3, 1, '18:20:00', 'other'],
  ])
  expect(read.rows.map((row) => row.deleted)).toEqual([false, false, false, false, false, false, true])
})

test('the same after JavaScript, which turns the spans into links', () => {
  const opened = G4_LIST.replace(
    /<span class="JvCare \w+ lien-jv">\s*18:24:11\s*<\/span>/,
    '<a class="xXx lien-jv" href="/forums/42-51-68700002-3-0-1-0-sujet.htm">18:24:11</a>',
  )
  expect(opened).not.toBe(G4_LIST)
  expect(parseTopicList(opened)).toEqual(parseTopicList(G4_LIST))
})

test('a topic page is refused', () => {
  expect(() => parseTopicList(G4_TOPIC)).toThrow(
    expect.objectContaining({ code: 'page-not-a-list', pageKind: 'topic' }),
  )
})

test('further classes change nothing', () => {
  expect(parseTopicList(G4_LIST.replace(/ class="([^"]*)"/g, ' class="$1 further"'))).toEqual(parseTopicList(G4_LIST))
})
