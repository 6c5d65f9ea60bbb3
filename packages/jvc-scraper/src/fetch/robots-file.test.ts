import { expect, test } from 'vitest'
import { Counters } from '../counters.js'
import { silentLogger } from '../logger.js'
import { ManualClock } from '../../../../test/manual-clock.js'
import type { HttpAnswer } from './http.js'
import { ChallengeGuard } from './challenge-guard.js'
import { RequestGate } from './request-gate.js'
import { RobotsFile, type Verdict } from './robots-file.js'
import { POLITE_RETRY_POLICY } from './retry-policy.js'
import { siteOf } from './site.js'

const none = new AbortController().signal
const site = siteOf('https://www.jeuxvideo.com/forums/0-51-0-1-0-1-0-x.htm')
const RULES = 'User-agent: *\nDisallow: /private'
const HOUR_MS = 3_600_000

const challenged: Verdict = { unread: 'HTTP 403, a challenge', isChallenge: true }

function unread(reason: string): Verdict {
  return { unread: reason, isChallenge: false }
}

type Scripted = Partial<HttpAnswer> | Error

/** A robots.txt that is answered for by a script: the last answer is given for ever. */
function fileOf(script: Scripted[], obey = true) {
  const clock = new ManualClock()
  const asked: string[] = []
  const warnings: string[] = []
  const gate = new RequestGate({ clock, random: () => 0.5, perSecond: 1000, maxInFlight: 60 })
  const counters = new Counters()
  const cookies: boolean[] = []
  const logger = { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) }
  const file = new RobotsFile({
    site,
    get: (url, _, options) => {
      asked.push(url)
      cookies.push(options?.withCookie !== false)
      const answer = script.length > 1 ? script.shift() : script[0]
      return answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve({ status: 200, headers: {}, body: '', ...answer })
    },
    gate,
    challenges: new ChallengeGuard({ gate, clock, counters, logger, retryPolicy: POLITE_RETRY_POLICY }),
    clock,
    logger,
    obey,
    retryMs: 1000,
  })
  const ask = async (path: string): Promise<Verdict | undefined> => {
    let verdict: Verdict | undefined
    void file.ask(path, none).then((v) => (verdict = v))
    for (let i = 0; i < 10 && verdict === undefined; i++) await clock.advance(1)
    return verdict
  }
  return { ask, asked, clock, warnings, gate, counters, cookies }
}

test.each<[string, Scripted, Verdict, Verdict]>([
  ['its rules', { body: RULES }, 'allowed', 'forbidden'],
  ['none there', { status: 404 }, 'allowed', 'allowed'],
  ['one for others only', { status: 401 }, 'allowed', 'allowed'],
  ['a challenge', { status: 403 }, challenged, challenged],
  ['too many requests', { status: 429 }, unread('HTTP 429'), unread('HTTP 429')],
  ['a server that fails', { status: 503 }, unread('HTTP 503'), unread('HTTP 503')],
  ['a site that is away', new Error('connect ECONNREFUSED'), unread('connect ECONNREFUSED'), unread('connect ECONNREFUSED')], // prettier-ignore
])('%s', async (_, answer, open, closed) => {
  const { ask, asked } = fileOf([answer])
  expect(await ask('/forums/x.htm')).toEqual(open)
  expect(await ask('/private/x.htm')).toEqual(closed)
  expect(asked).toEqual(['https://www.jeuxvideo.com/robots.txt'])
})

test('what could not be read is asked for again after a while', async () => {
  const { ask, asked, clock, warnings } = fileOf([{ status: 503 }, { body: RULES }])
  expect(await ask('/x')).toEqual(unread('HTTP 503'))
  await clock.advance(999)
  expect(await ask('/x')).toBe('allowed')
  expect(asked).toHaveLength(2)
  expect(warnings).toEqual([])
})

test('rules are believed for a day, and stand, with a warning, when they cannot be read anew', async () => {
  const { ask, asked, clock, warnings } = fileOf([{ body: RULES }, { status: 500 }, { body: '' }])
  expect(await ask('/private')).toBe('forbidden')
  await clock.advance(24 * HOUR_MS - 10)
  expect(await ask('/private')).toBe('forbidden')
  expect(asked).toHaveLength(1)
  await clock.advance(10)
  expect(await ask('/private')).toBe('forbidden')
  expect(asked).toHaveLength(2)
  expect(warnings).toEqual([
    'robots.txt could not be read again; its former rules stay in force, and the next attempt is in 1 s',
  ])
  await clock.advance(1000)
  expect(await ask('/private')).toBe('allowed')
})

test('is not asked for when the operator answers for it', async () => {
  const { ask, asked } = fileOf([{ body: RULES }], false)
  expect(await ask('/private')).toBe('allowed')
  expect(asked).toEqual([])
})

const PLACE = 'https://www.jeuxvideo.com/place.txt'

function redirect(location: string, status = 301): Scripted {
  return { status, headers: { location } }
}

test.each<[string, Scripted[], Verdict, string[]]>([
  ['to another path', [redirect('/place.txt'), { body: RULES }], 'forbidden', [PLACE]],
  [
    'five times',
    [...[1, 2, 3, 4, 5].map((n) => redirect(`/${n}`, 302)), { body: RULES }],
    'forbidden',
    [1, 2, 3, 4, 5].map((n) => `https://www.jeuxvideo.com/${n}`),
  ],
  [
    'to another host',
    [redirect('https://cdn.example/robots.txt', 308), { body: RULES }],
    'forbidden',
    ['https://cdn.example/robots.txt'],
  ],
  [
    'in a circle, which counts as none',
    [redirect('/robots.txt')],
    'allowed',
    Array.from({ length: 5 }, () => 'https://www.jeuxvideo.com/robots.txt'),
  ],
  [
    'to a private host',
    [redirect('http://169.254.169.254/x')],
    unread('a redirect to the private host 169.254.169.254'),
    [],
  ],
  [
    'to a file',
    [redirect('file:///etc/passwd')],
    unread('a redirect to "file:///etc/passwd", which is no http address'),
    [],
  ],
  ['to nowhere', [redirect('')], unread('a redirect to "", which is no http address'), []],
])('a redirect %s', async (_, script, verdict, targets) => {
  const { ask, asked, cookies } = fileOf(script)
  expect(await ask('/private/x.htm')).toEqual(verdict)
  expect(asked).toEqual(['https://www.jeuxvideo.com/robots.txt', ...targets])
  expect(cookies).toEqual(asked.map((url) => url.startsWith('https://www.jeuxvideo.com/')))
})

test('a challenge is counted, pauses the requests and says what to do', async () => {
  const { ask, gate, counters, warnings } = fileOf([{ status: 503, body: '<title>Just a moment...</title>' }])
  expect(await ask('/x')).toMatchObject({ isChallenge: true })
  expect([counters.get('challenges'), gate.pausedUntil]).toEqual([1, expect.any(Number)])
  expect(warnings).toEqual([expect.stringContaining('JVC_COOKIE')])
})

test('Crawl-delay is a floor of the pace, up to ten minutes', async () => {
  for (const [delay, gapMs] of [
    ['1.5', 1500],
    ['99999999', 600_000],
    ['soon', 0],
  ] as const) {
    const { ask, gate } = fileOf([{ body: `User-agent: *\nCrawl-delay: ${delay}\nDisallow: /private` }])
    expect(await ask('/private')).toBe('forbidden')
    expect(gate.minGapMs).toBe(gapMs)
  }
})
