import { afterEach, describe, expect, test } from 'vitest'
import { MemoryBookmarks } from '../bookmarks/memory-bookmarks.js'
import { Counters } from '../counters.js'
import { silentLogger } from '../logger.js'
import { ManualClock } from '../../../../test/manual-clock.js'
import { rowOf } from '../../test/test-pages.js'
import { Crawler } from './crawler.js'
import { NoPage, StalePage } from './errors.js'
import { Frontier } from './frontier.js'

const gone = new NoPage({ kind: 'gone', path: '/x' })
const away = new NoPage({ kind: 'not-found', path: '/x' })

let stop: () => unknown = () => undefined
afterEach(async () => {
  await stop()
})

/** A crawler whose list and topics answer as they are told; time goes on by hand. */
function start(options: { scan?: (n: number) => void; visit?: (topic: string, n: number) => void; once?: boolean }) {
  const clock = new ManualClock(0)
  const counters = new Counters()
  const frontier = new Frontier()
  const scans: number[] = []
  const visits: [string, number][] = []
  const crawler = new Crawler(
    {
      scanner: {
        scan: () => {
          scans.push(clock.now())
          return new Promise((resolve) => {
            options.scan?.(scans.length)
            for (const id of ['1', '2']) frontier.notice(rowOf({ id }), undefined, clock.now())
            resolve(undefined)
          })
        },
      },
      visitor: {
        visit: ({ id }) => {
          visits.push([id, clock.now()])
          return new Promise((resolve) => {
            options.visit?.(id, visits.filter(([topic]) => topic === id).length)
            resolve()
          })
        },
      },
      frontier,
      bookmarks: new MemoryBookmarks(),
      clock,
      random: () => 0.999,
      counters,
      logger: silentLogger,
    },
    { from: 'start', workers: 2, listEveryMs: 5000, retryMs: 1000, maxRetryMs: 60_000, expiryMs: 1e9 },
  )
  let complete: boolean | undefined
  const running = options.once ? crawler.runOnce().then((result) => (complete = result)) : crawler.run()
  stop = () => {
    crawler.stop()
    return running
  }
  const visitsOf = (id: string): number[] => visits.filter(([topic]) => topic === id).map(([, at]) => at)
  const gaps = (times: readonly number[]): number[] => times.slice(1).map((at, i) => at - (times[i] as number))
  return { clock, counters, scans, visitsOf, gaps, isComplete: () => complete, crawler }
}

function refuse(error: Error): never {
  throw error
}

describe('Crawler', () => {
  test('the list is read again after its pause, changed topics once', async () => {
    const { clock, scans, visitsOf } = start({})
    await clock.advance(20_000)
    expect([scans, visitsOf('1'), visitsOf('2')]).toEqual([[0, 5000, 10_000, 15_000, 20_000], [0], [0]])
  })

  test('a list that cannot be read is tried again with growing pauses, and at its own pace when it is back', async () => {
    const { clock, scans, gaps } = start({ scan: (n) => n <= 6 && refuse(new Error('HTTP 500')) })
    await clock.advance(400_000)
    const pauses = gaps(scans)
    expect(pauses.slice(0, 6).map((ms) => Math.round(ms / 1000))).toEqual([5, 10, 20, 40, 60, 60])
    expect(new Set(pauses.slice(6))).toEqual(new Set([5000]))
  })

  test('a topic that fails, for whatever reason, is tried again with growing pauses and stops nobody', async () => {
    const failures: Error[] = [new StalePage('old'), new TypeError('a defect'), new Error('bookmarks away')]
    const { clock, counters, visitsOf, gaps } = start({
      visit: (id, n) => id === '1' && n <= failures.length && refuse(failures[n - 1] as Error),
    })
    await clock.advance(60_000)
    expect(gaps(visitsOf('1')).map((ms) => Math.round(ms / 1000))).toEqual([1, 2, 4])
    expect(visitsOf('2')).toEqual([0])
    expect(counters.toJSON()).toMatchObject({ visits: 5, visitsFailed: 3, topicsLeft: 0 })
  })

  test.each([
    ['that was deleted', gone, 1],
    ['that seems not to exist', away, 7],
    ['that may not be read', new NoPage({ kind: 'forbidden', path: '/x' }), 7],
    ['that shows the same older state again and again', new StalePage('the last one served is of 12:00', true), 7],
  ])('a topic %s is left after a while', async (_, error, times) => {
    const { clock, counters, visitsOf } = start({ visit: (id) => id === '1' && refuse(error) })
    await clock.advance(600_000)
    expect(visitsOf('1')).toHaveLength(times)
    expect(counters.get('topicsLeft')).toBe(1)
  })

  test.each([
    ['with other failures in between', (n: number) => (n % 6 === 0 ? new Error('HTTP 500') : away)],
    ['that moves', () => new StalePage('the topic moved')],
    ['of which something else is amiss each time', (n: number) => new StalePage(`page ${n % 3}`, true)],
  ])('a topic %s is not given up', async (_, errorOf) => {
    const { clock, counters, visitsOf } = start({ visit: (id, n) => id === '1' && n < 30 && refuse(errorOf(n)) })
    await clock.advance(3_600_000)
    expect(visitsOf('1')).toHaveLength(30)
    expect(counters.get('topicsLeft')).toBe(0)
  })

  test.each<[string, Error, boolean]>([
    ['deleted', gone, true],
    ['not there', away, true],
    ['not readable', new NoPage({ kind: 'forbidden', path: '/x' }), true],
    ['always older than its row', new StalePage('the last one served is of 12:00', true), true],
    ['moving all the time', new StalePage('the posts moved'), false],
    ['not served', new NoPage({ kind: 'failed', path: '/x', reason: 'HTTP 500' }), false],
    ['behind a challenge', new NoPage({ kind: 'challenge', path: '/x' }), false],
  ])('a single pass with a topic that is %s', async (_, error, complete) => {
    const { clock, visitsOf, isComplete } = start({ once: true, visit: (id) => id === '1' && refuse(error) })
    await clock.advance(600_000)
    expect(isComplete()).toBe(complete)
    expect(visitsOf('1').length).toBeLessThanOrEqual(5)
  })

  test('a single pass knows the time left once a topic was read; a crawl without end never does', async () => {
    const [once, endless] = [true, false].map((isOnce) =>
      start({ once: isOnce, visit: (id, n) => id === '1' && n === 1 && refuse(new StalePage('old')) }),
    )
    await once?.clock.advance(0)
    expect(once?.crawler.remainingMs()).toBe(0)
    await once?.clock.advance(900)
    expect(once?.crawler.remainingMs()).toBe(900)
    await once?.clock.advance(600_000)
    expect([once?.isComplete(), once?.crawler.remainingMs()]).toEqual([true, 0])
    await endless?.clock.advance(900)
    expect(endless?.crawler.remainingMs()).toBeUndefined()
  })

  test('the status tells a forum that was never read from one that was', async () => {
    const challenge = new NoPage({ kind: 'challenge', path: '/x' })
    const { clock, crawler } = start({ scan: (n) => n <= 2 && refuse(challenge) })
    await clock.advance(0)
    expect(crawler.status).toMatchObject({ state: 'challenged', since: 0, lastReadAt: undefined })
    await clock.advance(60_000)
    expect(crawler.status).toMatchObject({ state: 'reading', reason: undefined })
  })
})
