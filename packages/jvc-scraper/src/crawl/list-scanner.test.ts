import { describe, expect, test } from 'vitest'
import { Counters } from '../counters.js'
import { silentLogger } from '../logger.js'
import { ManualClock } from '../../../../test/manual-clock.js'
import { Forum } from '../simulator/forum.js'
import { listView } from '../simulator/list-view.js'
import { parseAddress } from '../parse/index.js'
import { Frontier } from './frontier.js'
import { ListScanner } from './list-scanner.js'

const NOW = Date.parse('2026-07-27T12:00:00Z')

/** A forum of 200 topics, eight pages of the list, and a scanner that reads three of them at most. */
function start() {
  const forum = new Forum({ seed: 1, forumId: '51', topics: 200, history: 200, now: NOW - 60_000 })
  const clock = new ManualClock(NOW)
  const counters = new Counters()
  const frontier = new Frontier()
  const read: number[] = []
  const site = { fails: (_page: number): boolean => false }
  const fetcher = {
    page: (path: string) => {
      const page = parseAddress(path)?.page ?? 0
      if (site.fails(page)) return Promise.resolve({ kind: 'failed', path, reason: 'HTTP 500' } as const)
      read.push(page)
      const html = listView(forum, page, clock.now(), { payload: 'gzip', visible: false })
      return Promise.resolve({ kind: 'page', path, html } as const)
    },
  }
  const list = parseAddress(forum.listAddress(1))
  if (list === undefined) throw new Error('the forum has no list')
  const ports = { fetcher, frontier, clock, counters, logger: silentLogger }
  const scanner = new ListScanner(ports, { list, maxPages: 3 })
  const scan = async () => {
    read.length = 0
    await scanner.scan(new AbortController().signal)
    return { pages: [...read], gaps: counters.get('gaps') }
  }
  /** A post in each of so many topics. */
  const post = (topics: number, at = clock.now()): void => {
    const before = new Set<string>()
    while (before.size < topics) before.add(forum.publish(at).topicId)
  }
  return { scan, post, clock, frontier, site }
}

describe('ListScanner', () => {
  test('reads on while pages end with a row that has changed, and no further', async () => {
    const { scan, post, clock } = start()
    await scan()
    await clock.advance(60_000)
    post(30)
    expect(await scan()).toEqual({ pages: [1, 2], gaps: 0 })
    await clock.advance(60_000)
    post(1)
    await scan()
    expect(await scan()).toEqual({ pages: [1], gaps: 0 })
  })

  test('more topics changed than are read: a gap, and at the first scan none', async () => {
    const { scan, post, clock } = start()
    expect(await scan()).toEqual({ pages: [1, 2, 3], gaps: 0 })
    await clock.advance(60_000)
    post(100)
    expect(await scan()).toEqual({ pages: [1, 2, 3], gaps: 1 })
  })

  test('rows that have just been noticed are looked past as far as it goes, which is no gap', async () => {
    const { scan, post, clock } = start()
    await scan()
    await clock.advance(60_000)
    // All of one second, in two portions, each of them noticed whole.
    post(60)
    expect(await scan()).toMatchObject({ gaps: 0 })
    post(60)
    expect(await scan()).toEqual({ pages: [1, 2, 3], gaps: 0 })
    expect(await scan()).toEqual({ pages: [1, 2, 3], gaps: 0 })
  })

  test('after a scan that was cut short the rows it did not reach are noticed by the next', async () => {
    const { scan, post, clock, frontier, site } = start()
    await scan()
    await clock.advance(60_000)
    while (frontier.take(clock.now()) !== undefined);
    post(60)
    site.fails = (page) => page === 2
    await expect(scan()).rejects.toThrow('HTTP 500')
    const noticed = frontier.waiting
    site.fails = () => false
    expect(await scan()).toEqual({ pages: [1, 2, 3], gaps: 0 })
    expect(noticed).toBeLessThan(30)
    expect(frontier.waiting).toBeGreaterThanOrEqual(60)
  })
})
