import { describe, expect, test } from 'vitest'
import { Counters } from '../counters.js'
import { silentLogger } from '../logger.js'
import { ManualClock } from '../../../../test/manual-clock.js'
import type { HttpAnswer } from './http.js'
import { RequestGate } from './request-gate.js'
import { ChallengeGuard } from './challenge-guard.js'
import { PageFetcher } from './page-fetcher.js'
import { POLITE_RETRY_POLICY } from './retry-policy.js'
import { siteOf } from './site.js'

const none = new AbortController().signal
const PATH = '/forums/42-51-7-3-0-1-0-x.htm'
const PAGE = '<html><div id="listMessages"></div></html>'

type Scripted = Partial<HttpAnswer> | Error

/** A fetcher of a site that answers by a script: the last answer is given for ever. */
function fetcherOf(script: Scripted[]) {
  const clock = new ManualClock(1_000_000)
  const counters = new Counters()
  const asked: [string, number][] = []
  const gate = new RequestGate({ clock, random: () => 0.5, perSecond: 1000, maxInFlight: 60 })
  const warnings: string[] = []
  const logger = { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) }
  const retryPolicy = POLITE_RETRY_POLICY
  const fetcher = new PageFetcher({
    site: siteOf('https://www.jeuxvideo.com/forums/0-51-0-1-0-1-0-x.htm'),
    get: (url) => {
      asked.push([url, clock.now() - 1_000_000])
      const answer = script.length > 1 ? script.shift() : script[0]
      return answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve({ status: 200, headers: {}, body: '', ...answer })
    },
    gate,
    robots: {
      ask: (path) =>
        Promise.resolve(
          path.includes('-666-')
            ? 'forbidden'
            : path.includes('-777-')
              ? { unread: 'HTTP 500', isChallenge: false }
              : 'allowed',
        ),
    },
    clock,
    random: () => 0.999,
    counters,
    logger,
    retryPolicy,
    challenges: new ChallengeGuard({ gate, clock, counters, retryPolicy, logger }),
  })
  /** The outcome, with the clock going on by itself. */
  const fetchPage = async (path = PATH) => {
    let outcome: Awaited<ReturnType<PageFetcher['page']>> | undefined
    void fetcher.page(path, none).then((o) => (outcome = o))
    for (let i = 0; i < 2000 && outcome === undefined; i++) await clock.advance(1000)
    return outcome
  }
  return { fetchPage, asked, clock, counters, gate, warnings }
}

describe('PageFetcher', () => {
  test.each<[string, Scripted, string]>([
    ['a page', { body: PAGE }, 'page'],
    ['410', { status: 410 }, 'gone'],
    ['404', { status: 404 }, 'not-found'],
    [
      'a redirect to the index',
      { status: 302, headers: { location: 'https://www.jeuxvideo.com/forums.htm' } },
      'index',
    ],
    ['a redirect to the login', { status: 302, headers: { location: '/sso/login?url=x' } }, 'login'],
    ['a redirect to another host', { status: 302, headers: { location: 'http://10.0.0.1/x' } }, 'elsewhere'],
    ['a challenge', { status: 403, headers: { 'cf-mitigated': 'challenge' } }, 'challenge'],
    ['401', { status: 401 }, 'failed'],
    ['403 of the site itself', { status: 403, body: '<title>jeuxvideo.com</title>' }, 'forbidden'],
    ['a cookie gate', { body: '<title>Accepter les cookies</title>' }, 'cookie-gate'],
  ])('%s is asked for once', async (_, answer, kind) => {
    const { fetchPage, asked } = fetcherOf([answer])
    expect(await fetchPage()).toMatchObject({ kind })
    expect(asked.map(([url]) => url)).toEqual([`https://www.jeuxvideo.com${PATH}`])
  })

  test('a redirect within the forum is followed, and its address is what counts', async () => {
    const to = '/forums/42-51-7-2-0-1-0-y.htm'
    const { fetchPage, counters } = fetcherOf([{ status: 301, headers: { location: to } }, { body: PAGE }])
    expect(await fetchPage()).toEqual({ kind: 'page', path: to, html: PAGE })
    expect(counters.get('redirects')).toBe(1)
  })

  test('redirects in a circle come to an end', async () => {
    const { fetchPage, asked } = fetcherOf([{ status: 302, headers: { location: PATH } }])
    expect(await fetchPage()).toMatchObject({ kind: 'failed', reason: 'redirected in a circle' })
    expect(asked.length).toBeLessThan(10)
  })

  test.each<[string, Scripted, string]>([
    ['429', { status: 429 }, 'HTTP 429'],
    ['503', { status: 503 }, 'HTTP 503'],
    ['maintenance', { body: '<title>Site en maintenance</title>' }, 'the site is under maintenance (HTTP 200)'],
    ['a time-out', new Error('Headers Timeout Error'), 'Headers Timeout Error'],
    ['a broken connection', new Error('other side closed'), 'other side closed'],
  ])('%s is tried again, with longer pauses, and then given up', async (_, answer, reason) => {
    const again = fetcherOf([answer, answer, { body: PAGE }])
    expect(await again.fetchPage()).toMatchObject({ kind: 'page' })
    expect(again.counters.get('retries')).toBe(2)
    const hopeless = fetcherOf([answer])
    expect(await hopeless.fetchPage()).toMatchObject({ kind: 'failed', reason })
    expect(hopeless.asked).toHaveLength(5)
    const times = hopeless.asked.map(([, at]) => at)
    const pauses = times.slice(1).map((at, i) => at - (times[i] as number))
    pauses.forEach((pause, i) => expect(pause).toBeGreaterThanOrEqual(500 * 2 ** i))
  })

  test('Retry-After holds for everybody', async () => {
    const { fetchPage, asked, gate, clock } = fetcherOf([
      { status: 429, headers: { 'retry-after': '40' } },
      { body: PAGE },
    ])
    const outcome = fetchPage()
    await clock.advance(0)
    expect(gate.pausedUntil).toBe(1_040_000)
    expect(await outcome).toMatchObject({ kind: 'page' })
    expect(asked[1]?.[1]).toBeGreaterThanOrEqual(40_000)
  })

  test('each challenge after a pause doubles the next one; a page ends that', async () => {
    const challenge = { status: 403, headers: { 'cf-mitigated': 'challenge' } }
    const { fetchPage, gate, clock } = fetcherOf([challenge, challenge, challenge, { body: PAGE }, challenge])
    const pauses: number[] = []
    for (let i = 0; i < 5; i++) {
      await fetchPage()
      pauses.push(Math.round(((gate.pausedUntil ?? clock.now()) - clock.now()) / 60_000))
      await clock.advance((gate.pausedUntil ?? clock.now()) - clock.now())
    }
    expect(pauses).toEqual([1, 2, 4, 0, 1])
  })

  test('a topic that answers 403 pauses nothing, however often it is asked for', async () => {
    const { fetchPage, gate, counters } = fetcherOf([{ status: 403 }])
    for (let i = 0; i < 20; i++)
      expect(await fetchPage(`/forums/42-51-7-${i + 1}-0-1-0-x.htm`)).toMatchObject({ kind: 'forbidden' })
    expect([gate.pausedUntil, counters.get('challenges')]).toEqual([undefined, 0])
  })

  test('403 for several topics in a row is a challenge; a page in between is not', async () => {
    const refused = { status: 403 }
    const { fetchPage, gate, counters, warnings } = fetcherOf([refused, refused, { body: PAGE }, refused])
    const kinds: (string | undefined)[] = []
    for (let id = 1; id <= 6; id++) kinds.push((await fetchPage(`/forums/42-51-${id}-1-0-1-0-x.htm`))?.kind)
    expect(kinds).toEqual(['forbidden', 'forbidden', 'page', 'forbidden', 'forbidden', 'challenge'])
    expect(gate.pausedUntil).toBeDefined()
    expect(counters.get('challenges')).toBe(1)
    expect(warnings).toEqual([expect.stringMatching(/nothing is fetched for 60 s.*JVC_COOKIE/)])
  })

  test('what robots.txt forbids is not asked for, also behind a redirect', async () => {
    const { fetchPage, asked } = fetcherOf([{ status: 302, headers: { location: '/forums/42-51-666-1-0-1-0-x.htm' } }])
    expect(await fetchPage('/forums/42-51-666-1-0-1-0-x.htm')).toMatchObject({ kind: 'disallowed' })
    expect(asked).toEqual([])
    expect(await fetchPage()).toMatchObject({ kind: 'disallowed', path: '/forums/42-51-666-1-0-1-0-x.htm' })
    expect(asked).toHaveLength(1)
  })

  test('while robots.txt cannot be read nothing is asked for, but it may be later', async () => {
    const { fetchPage, asked } = fetcherOf([])
    expect(await fetchPage('/forums/42-51-777-1-0-1-0-x.htm')).toEqual({
      kind: 'failed',
      path: '/forums/42-51-777-1-0-1-0-x.htm',
      reason: 'robots.txt could not be read (HTTP 500), and nothing is fetched before it is',
    })
    expect(asked).toEqual([])
  })
})
