import { expect, test } from 'vitest'
import { silentLogger } from '../logger.js'
import { ManualClock } from '../../test/manual-clock.js'
import type { HttpAnswer } from './http.js'
import { RequestGate } from './request-gate.js'
import { RobotsFile, type Verdict } from './robots-file.js'
import { siteOf } from './site.js'

const none = new AbortController().signal
const site = siteOf('https://www.jeuxvideo.com/forums/0-51-0-1-0-1-0-x.htm')
const rules = 'User-agent: *\nDisallow: /private'
const hour = 3_600_000

type Scripted = Partial<HttpAnswer> | Error

/** A robots.txt that is answered for by a script: the last answer is given for ever. */
function fileOf(script: Scripted[], obey = true) {
  const clock = new ManualClock()
  const asked: string[] = []
  const warnings: string[] = []
  const file = new RobotsFile({
    site,
    get: (url) => {
      asked.push(url)
      const answer = script.length > 1 ? script.shift() : script[0]
      return answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve({ status: 200, headers: {}, body: '', ...answer })
    },
    gate: new RequestGate({ clock, random: () => 0.5, perSecond: 1000, maxInFlight: 60 }),
    clock,
    logger: { ...silentLogger, warn: (_, message) => void warnings.push(message) },
    obey,
    retryMs: 1000,
  })
  const ask = async (path: string): Promise<Verdict | undefined> => {
    let verdict: Verdict | undefined
    void file.ask(path, none).then((v) => (verdict = v))
    for (let i = 0; i < 10 && verdict === undefined; i++) await clock.advance(1)
    return verdict
  }
  return { ask, asked, clock, warnings }
}

test.each<[string, Scripted, Verdict, Verdict]>([
  ['its rules', { body: rules }, 'allowed', 'forbidden'],
  ['none there', { status: 404 }, 'allowed', 'allowed'],
  ['one for others only', { status: 401 }, 'allowed', 'allowed'],
  ['a challenge', { status: 403 }, { unread: 'HTTP 403' }, { unread: 'HTTP 403' }],
  ['too many requests', { status: 429 }, { unread: 'HTTP 429' }, { unread: 'HTTP 429' }],
  ['a server that fails', { status: 503 }, { unread: 'HTTP 503' }, { unread: 'HTTP 503' }],
  ['a site that is away', new Error('connect ECONNREFUSED'), { unread: 'connect ECONNREFUSED' }, { unread: 'connect ECONNREFUSED' }], // prettier-ignore
])('%s', async (_, answer, open, closed) => {
  const { ask, asked } = fileOf([answer])
  expect(await ask('/forums/x.htm')).toEqual(open)
  expect(await ask('/private/x.htm')).toEqual(closed)
  expect(asked).toEqual(['https://www.jeuxvideo.com/robots.txt'])
})

test('what could not be read is asked for again after a while', async () => {
  const { ask, asked, clock, warnings } = fileOf([{ status: 503 }, { body: rules }])
  expect(await ask('/x')).toEqual({ unread: 'HTTP 503' })
  await clock.advance(999)
  expect(await ask('/x')).toBe('allowed')
  expect(asked).toHaveLength(2)
  expect(warnings).toEqual([])
})

test('rules are believed for a day, and stand, with a warning, when they cannot be read anew', async () => {
  const { ask, asked, clock, warnings } = fileOf([{ body: rules }, { status: 500 }, { body: '' }])
  expect(await ask('/private')).toBe('forbidden')
  await clock.advance(24 * hour - 10)
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
  const { ask, asked } = fileOf([{ body: rules }], false)
  expect(await ask('/private')).toBe('allowed')
  expect(asked).toEqual([])
})
