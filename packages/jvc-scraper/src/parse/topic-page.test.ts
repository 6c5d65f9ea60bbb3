import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { G4_LIST, G4_TOPIC } from '../../test/g4-pages.js'
import { ParseError, compareIds, parseTopicPage } from './index.js'

function pack(value: unknown) {
  return `<script>window.jvc=window.jvc||{};window.jvc.forumsAppPayload="${Buffer.from(JSON.stringify(value)).toString('base64')}";</script>`
}
function message(over: Record<string, unknown> = {}) {
  return {
    id: 1316659360,
    publishedAuthorName: 'Hillojow',
    publishedDate: '02 juin 2026 à 22:25:06',
    renderedText: '<p>oui</p>',
    stateMessage: 'msg-visible',
    ...over,
  }
}
function page(over: Record<string, unknown> = {}) {
  return pack({
    listMessage: [message()],
    topicId: 77054608,
    forumId: 3016891,
    topicTitleField: "Le cadeau de l'ange",
    pagerView: { currentPage: 2, pageCount: 9 },
    ...over,
  })
}
function posts(...overs: Record<string, unknown>[]) {
  return parseTopicPage(page({ listMessage: overs.map(message) }))
}

const VISIBLE = `<html><head><link rel="alternate" href="https://m.jeuxvideo.com/forums/42-51-77054608-1-0-1-0-x.htm"></head><body>
<h2 class="titleMessagesUsers__title"> Titre </h2><div id="listMessages">
<div class="messageUser js-hybrid-component" id="message-8"><span class="JvCare 1F messageUser__label ">A</span><span class="messageUser__date">02 juin 2026 à 22:25:06</span><div class="messageUser__msg js-message-user-msg"><p>un</p></div><div class="messageUser__dateEdit">Message édité le 02 juin 2026 à 22:29:23 par <span>A</span></div></div>
<ins data-ad-position="rectangle_mtf"></ins>
<div class="messageUser messageUser--deleted" id="message-16"><span class="messageUser__label">B</span></div>
<div class="messageUser messageUser--blacklisted" id="message-24">Ce pseudo figure dans votre blacklist</div>
<div class="messageUser" id="message-32"><div class="messageUser__date">02 juin 2026 à 22:25:08</div><div class="js-message-user-msg"><p>deux <img class="message__urlImg" alt="https://image.noelshack.com/fichiers/2017/39/3/1-a.png"></p></div></div>
</div><div class="lockInfo__reason"><strong>HS</strong></div>
<div class="pagination"><span class="pagination__item--current">3</span><a class="pagination__button" href="/forums/42-51-77054608-5-0-1-0-x.htm">5</a></div></body></html>`

const VISIBLE_EMPTY = '<h2 class="titleMessagesUsers__title">x</h2><div id="listMessages"></div>'

describe('the payload', () => {
  test('gives the page', () => {
    expect(parseTopicPage(page())).toEqual({
      kind: 'topic',
      source: 'payload',
      topicId: '77054608',
      forumId: '3016891',
      title: "Le cadeau de l'ange",
      page: 2,
      pageCount: 9,
      locked: false,
      posts: [
        {
          id: '1316659360',
          author: 'Hillojow',
          date: '02 juin 2026 à 22:25:06',
          at: Date.UTC(2026, 5, 2, 20, 25, 6),
          edited: undefined,
          message: 'oui',
          stickers: [],
          links: [],
          quotes: [],
          page: 2,
          permalink: '/forums/message/1316659360',
        },
      ],
      hidden: [],
      problems: [],
      passedOver: [],
    })
  })

  test('a page without posts is a page', () => {
    expect(parseTopicPage(page({ listMessage: [] })).posts).toEqual([])
    expect(parseTopicPage(page({ listMessage: {} })).posts).toEqual([])
  })

  test.each([[null], [''], [undefined]])('an author of %j is a deleted account', (publishedAuthorName) => {
    expect(posts({ publishedAuthorName }).posts[0]?.author).toBe('Pseudo supprimé')
  })

  test('so is an author who is said to be deleted', () => {
    expect(posts({ publishedAuthorIsDeleted: true }).posts[0]?.author).toBe('Pseudo supprimé')
  })

  test('deleted and blacklisted posts are named apart', () => {
    const read = posts({ id: 1, stateMessage: 'msg-deleted' }, { id: 2, isBlacklisted: true }, { id: 3 })
    expect(read.hidden).toEqual(['1', '2'])
    expect(read.posts.map((post) => post.id)).toEqual(['3'])
  })

  test('ids ascend as numbers, may be strings, and keep every digit', () => {
    const read = posts({ id: 1000 }, { id: '999' }, { id: 8 }, { id: '900719925474099' })
    expect(read.posts.map((post) => post.id)).toEqual(['8', '999', '1000', '900719925474099'])
    expect(
      [...read.posts]
        .sort((a, b) => compareIds(b.id, a.id))
        .map((post) => post.id)
        .reverse(),
    ).toEqual(read.posts.map((post) => post.id))
  })

  test('a post that cannot be read costs nobody but itself', () => {
    const deep = '<div>'.repeat(600)
    const list = [message({ id: 1 }), null, 7, [], message({ id: 0 }), message({ id: 2, publishedDate: null })]
    const more = [
      message({ id: 3, renderedText: null }),
      message({ id: 1 }),
      message({ id: 4, renderedText: deep }),
      message({ id: 5 }),
    ]
    const read = parseTopicPage(page({ listMessage: [...list, ...more] }))
    expect(read.posts.map((post) => post.id)).toEqual(['1', '4', '5'])
    expect(read.problems).toEqual([
      'post 2 of the page has no id',
      'post 3 of the page has no id',
      'post 4 of the page has no id',
      'post 5 of the page has no id',
      'post 6 of the page (2) has no date',
      'post 7 of the page (3) has no body',
      'post 8 of the page repeats the id 1',
      'post 9 of the page (4) was read only in part: the markup is nested deeper than 512 elements',
    ])
  })

  test.each([
    ['an empty PHP array for the pager', { pagerView: [] }, { page: 1, pageCount: 1 }],
    ['no pager', { pagerView: undefined }, { page: 1, pageCount: 1 }],
    ['a count below the page', { pagerView: { currentPage: 3, pageCount: 1 } }, { page: 3, pageCount: 3 }],
    ['a closed topic', { forum: { isForumReadOnly: true, lockReason: ['x'] } }, { locked: true }],
  ])('%s', (_, over, expected) => {
    expect(parseTopicPage(page(over))).toMatchObject(expected)
  })

  test.each([
    [
      'in a script that reads it',
      '<script>if (window.jvc.forumsAppPayload) start(window.jvc.forumsAppPayload)</script>',
    ],
    ['in a comparison', '<script>forumsAppPayload == "x"</script>'],
    ['emptied', '<script>window.jvc.forumsAppPayload = ""</script>'],
  ])('is found when its name occurs again %s', (_, script) => {
    expect(parseTopicPage(`${page()}${script}</html>`)).toMatchObject({ source: 'payload', topicId: '77054608' })
  })

  test('is found when it is assigned in brackets', () => {
    const html = page().replace('window.jvc.forumsAppPayload="', "window['jvc']['forumsAppPayload'] = \"")
    expect(parseTopicPage(html).source).toBe('payload')
  })

  test('orders its posts by instant in the hour that occurs twice in October', () => {
    const dates = ['02:50:00', '02:10:00', '02:20:00', '03:00:00'].map((time) => `25 octobre 2026 à ${time}`)
    const read = posts(...dates.map((publishedDate, i) => ({ id: 8 * (i + 1), publishedDate })))
    const minutes = read.posts.map(({ at }) => ((at ?? 0) - Date.UTC(2026, 9, 25)) / 60_000)
    expect(minutes).toEqual([50, 70, 80, 120])
  })

  test('may list the posts as an object with gaps', () => {
    const read = parseTopicPage(
      page({ listMessage: { 0: message({ id: 8 }), 2: message({ id: 24 }), 19: message({ id: 32 }) } }),
    )
    expect(read.posts.map(({ id }) => id)).toEqual(['8', '24', '32'])
  })

  test.each([
    [
      'many empty objects',
      `{"listMessage":[${'{},'.repeat(1_000_000)}{}],"topicId":7,"topicTitleField":"x"}`,
      'holds more than 200000 values',
    ],
    ['many numbers', `{"listMessage":[${'0,'.repeat(1_000_000)}0]}`, 'holds more than 200000 values'],
    ['deep brackets', '['.repeat(1_000_000), 'holds more than 200000 values'],
    [
      'more posts than a page',
      `{"listMessage":[${'{},'.repeat(300)}{}],"topicId":7,"topicTitleField":"x"}`,
      'more than 200 posts',
    ],
    ['more bytes than are allowed', `{"listMessage":[],"x":"${'a'.repeat(9_000_000)}"}`, 'larger than'],
  ])('of %s is refused before it takes memory', (_, json, reason) => {
    const html = `window.jvc.forumsAppPayload="${gzipSync(json).toString('base64')}"</html>`
    expect(() => parseTopicPage(html)).toThrow(reason)
  })

  test('with many commas in its texts is read', () => {
    expect(posts({ renderedText: ',[{'.repeat(100_000) }).posts[0]?.message).toHaveLength(300_000)
  })

  test('of a forum that may not be read is refused in words', () => {
    const forum = { isForumReadable: false, lockReason: ['Forum privé'], statusCode: 403 }
    expect(() => parseTopicPage(VISIBLE_EMPTY + page({ forum, listMessage: [] }))).toThrow(
      expect.objectContaining({
        code: 'page-not-a-topic',
        pageKind: 'forbidden',
        message: expect.stringContaining('may not be read (Forum privé)') as string,
      }),
    )
  })

  test('the last payload of the page counts: what users write stands before it', () => {
    const forged = page({ topicTitleField: 'forged' })
    expect(parseTopicPage(`<p>${forged}</p>${page()}`).title).toBe("Le cadeau de l'ange")
  })
})

describe('the markup of today', () => {
  test('gives the page when there is no payload', () => {
    const read = parseTopicPage(VISIBLE)
    expect(read).toMatchObject({
      source: 'html',
      topicId: '77054608',
      forumId: '51',
      title: 'Titre',
      page: 3,
      pageCount: 5,
      locked: true,
    })
    expect(read.passedOver).toEqual(['payload: no window.jvc.forumsAppPayload in the page'])
    expect(read.hidden).toEqual(['16', '24'])
    expect(read.posts).toEqual([
      expect.objectContaining({ id: '8', author: 'A', message: 'un', edited: '02 juin 2026 à 22:29:23' }),
      // No avatar, no name: neither drops the post, and the picture does not become the author.
      expect.objectContaining({
        id: '32',
        author: 'Pseudo supprimé',
        message: 'deux',
        stickers: ['https://image.noelshack.com/fichiers/2017/39/3/1-a.png'],
      }),
    ])
  })

  test.each([
    ['is damaged', 'eyJ'],
    ['is no gzip', Buffer.from([0x1f, 0x8b, 1, 2, 3]).toString('base64')],
    ['is of another page', Buffer.from('{"listTopics":[]}').toString('base64')],
    ['lacks the title', Buffer.from('{"listMessage":[],"topicId":1}').toString('base64')],
    ['lacks the topic', Buffer.from('{"listMessage":[],"topicTitleField":"x"}').toString('base64')],
    ['is null', Buffer.from('null').toString('base64')],
  ])('stands in when the payload %s', (_, packed) => {
    const read = parseTopicPage(VISIBLE.replace('</body>', `<script>forumsAppPayload="${packed}"</script></body>`))
    expect(read.source).toBe('html')
    expect(read.passedOver).toEqual([expect.stringMatching(/^payload: /)])
    expect(read.posts.length).toBe(2)
  })
})

test('the markup of 2022 to April 2026', () => {
  const read = parseTopicPage(G4_TOPIC)
  expect(read).toMatchObject({
    source: 'g4',
    topicId: '68703732',
    forumId: '51',
    title: 'Juge en comparution',
    page: 3,
    pageCount: 7,
  })
  expect(read.hidden).toEqual(['1160000032', '1160000040'])
  expect(read.problems).toEqual([])
  const shack = 'https://image.noelshack.com/fichiers/2017/39/3/1506463228-risibg.png'
  expect(
    read.posts.map(({ id, author, date, message, stickers, edited }) => [id, author, date, message, stickers, edited]),
  ).toEqual([
    ['1160000008', 'Demo_A', '26 janvier 2022 à 18:20:01', 'Premier\nSecond', [shack], undefined],
    [
      '1160000024',
      'Demo-B',
      '26 janvier 2022 à 18:20:31',
      'Oui :rire:',
      ['https://image.jeuxvideo.com/stickers/p/st/1kkh'],
      '26 janvier 2022 à 18:22:00',
    ],
    ['1160000031', 'Pseudo supprimé', '26 janvier 2022 à 18:21:40', "Message d'un pseudo supprimé", [shack], undefined],
    ['1160000047', '[Demo]', '26 janvier 2022 à 18:23:10', 'fin', [], undefined],
  ])
})

describe('what is no topic page is refused loudly', () => {
  const failure = (html: string): ParseError => {
    try {
      parseTopicPage(html)
    } catch (error) {
      if (error instanceof ParseError) return error
      throw error
    }
    throw new Error('it was read')
  }

  test.each([
    ['a list', G4_LIST, 'page-not-a-topic', 'list'],
    ['a challenge', '<title>Just a moment...</title></html>', 'page-not-a-topic', 'challenge'],
    [
      'the stub to the index',
      `<meta http-equiv="refresh" content="0;url='https://www.jeuxvideo.com/forums.htm'" />`,
      'page-not-a-topic',
      'index',
    ],
    [
      'a page of an unknown markup',
      '<html><title>Titre</title><body>nouveau</body></html>',
      'page-markup-unknown',
      'unknown',
    ],
    ['a page cut off before its posts end', VISIBLE.slice(0, 1100), 'page-broken', 'topic'],
    ['a page cut off at its beginning', '<html><hea', 'page-broken', 'unknown'],
    ['nothing', '', 'page-broken', 'unknown'],
    ['a page without its title', VISIBLE.replace('titleMessagesUsers__title', 'x'), 'page-broken', 'topic'],
    ['markup nested beyond sense', VISIBLE.replace('<body>', `<body>${'<div>'.repeat(3000)}`), 'page-broken', 'topic'],
  ])('%s', (_, html, code, pageKind) => {
    const error = failure(html)
    expect(error).toMatchObject({ code, pageKind })
    expect(error.attempts.map((attempt) => attempt.split(':')[0])).toEqual(['payload', 'html', 'g4'])
  })

  test('the message says what was looked for and what the page looks like, fit for a terminal', () => {
    const { message } = failure('<html><title>Un\u001b[31m titre</title><body>x</body></html>')
    expect(message).toContain('The site has changed')
    expect(message).toContain('#listMessages')
    expect(message).toContain('title "Un [31m titre"')
    expect(message).not.toMatch(/\p{Cc}/u)
  })
})

test('further classes change nothing', () => {
  expect(parseTopicPage(G4_TOPIC.replace(/ class="([^"]*)"/g, ' class="$1 further"'))).toEqual(parseTopicPage(G4_TOPIC))
})

describe('markup that would take too long is refused', () => {
  const head = '<link rel="canonical" href="/forums/42-51-7-1-0-1-0-x.htm"><h2 class="titleMessagesUsers__title">x</h2>'
  test.each([
    ['posts within posts', `${'<div class="messageUser" id="message-8">'.repeat(4)}`, 'lie within each other'],
    ['too many nodes', '<p>a</p>'.repeat(20_001), 'more than 40000 nodes and attributes'],
    [
      'too many attributes',
      `<p ${Array.from({ length: 40_001 }, (_, i) => `a${i}`).join(' ')}>`,
      'more than 40000 nodes',
    ],
    ['too many posts', '<div class="messageUser"></div>'.repeat(201), 'more than 200 posts'],
  ])('%s', (_, inner, reason) => {
    expect(() => parseTopicPage(`${head}<div id="listMessages">${inner}</div></html>`)).toThrow(reason)
  })
})
