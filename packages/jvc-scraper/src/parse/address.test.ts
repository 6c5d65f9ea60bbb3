import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAddress, parseAddress, withPage } from './address.js'

describe('addresses of the forum', () => {
  test.each([
    [
      '/forums/42-3016891-77054608-1295-0-1-0-blabla-le-cadeau-de-l-ange.htm',
      {
        kind: 'topic',
        mode: '42',
        forumId: '3016891',
        topicId: '77054608',
        page: 1295,
        slug: 'blabla-le-cadeau-de-l-ange',
      },
    ],
    [
      '/forums/0-3016891-0-1-0-26-0-genshin-impact.htm',
      { kind: 'list', mode: '0', forumId: '3016891', topicId: '0', page: 2, slug: 'genshin-impact' },
    ],
    [
      'https://www.jeuxvideo.com/forums/1-51-123-2-0-1-0-vieux.htm?x=1#post_7',
      { kind: 'topic', mode: '1', forumId: '51', topicId: '123', page: 2, slug: 'vieux' },
    ],
    [
      '//m.jeuxvideo.com/forums/42-051-0123-0-0-1-0-.htm',
      { kind: 'topic', mode: '42', forumId: '51', topicId: '123', page: 1, slug: '' },
    ],
  ])('%s', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })

  test.each([
    undefined,
    '',
    'javascript:jvc.displayCookieConsent();',
    'javascript:/forums/42-51-123-1-0-1-0-x.htm',
    'https://evil.example/forums/42-51-123-1-0-1-0-x.htm',
    'https://jeuxvideo.com.evil.example/forums/42-51-123-1-0-1-0-x.htm',
    'https://www.jeuxvideo.com@evil.example/forums/42-51-123-1-0-1-0-x.htm',
    '/forums/42-51-123-1-0-1-0-../../x.htm',
    '/forums/42-51-0-1-0-1-0-x.htm',
    '/forums/0-51-7-1-0-1-0-x.htm',
    '/forums/7-51-123-1-0-1-0-x.htm',
    '/forums/message/1316659360',
    '/forums.htm',
    '/profil/x?mode=infos',
    '/forums/42-51-123-1-0-1-0-x.htm\n/forums/42-51-124-1-0-1-0-x.htm',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBe(undefined)
  })

  test('an address is read as it was written', () => {
    const id = fc.integer({ min: 1, max: 10 ** 12 }).map(String)
    const page = fc.integer({ min: 1, max: 9999 })
    const slug = fc.stringMatching(/^[a-z0-9-]{0,40}$/)
    const topic = fc.record({
      kind: fc.constant('topic' as const),
      mode: fc.constantFrom('42', '1'),
      forumId: id,
      topicId: id,
      page,
      slug,
    })
    const list = fc.record({
      kind: fc.constant('list' as const),
      mode: fc.constant('0'),
      forumId: id,
      topicId: fc.constant('0'),
      page,
      slug,
    })
    fc.assert(
      fc.property(fc.oneof(topic, list), page, (address, other) => {
        expect(parseAddress(formatAddress(address))).toEqual(address)
        expect(parseAddress(withPage(address, other))).toEqual({ ...address, page: other })
      }),
    )
  })
})
