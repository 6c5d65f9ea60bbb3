import { afterEach, describe, expect, test } from 'vitest'
import { ManualClock, settled } from '../../../../test/manual-clock.js'
import { classifyPage, parseTopicList, parseTopicPage } from '../parse/index.js'
import type { TopicRow } from '../parse/index.js'
import { FAULTS, FaultPlan, readFaults } from './faults.js'
import { startSimulator } from './index.js'
import type { FaultName, Simulator, SimulatorOptions } from './index.js'
import { Random } from './random.js'

const NOW = Date.UTC(2026, 6, 27, 12)
const open: Simulator[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()))
})

async function start(options: SimulatorOptions = {}): Promise<{ simulator: Simulator; clock: ManualClock }> {
  const clock = new ManualClock(NOW)
  const simulator = await startSimulator({ clock, rate: 0, ...options })
  open.push(simulator)
  return { simulator, clock }
}

async function get(simulator: Simulator, path: string) {
  const response = await fetch(simulator.url + path, { redirect: 'manual' })
  return { status: response.status, headers: response.headers, body: await response.text() }
}

async function rows(simulator: Simulator): Promise<TopicRow[]> {
  const all: TopicRow[] = []
  for (let path: string | undefined = new URL(simulator.forumUrl).pathname; path !== undefined;) {
    const list = parseTopicList((await get(simulator, path)).body)
    all.push(...list.rows)
    path = list.nextUrl
  }
  return all
}

/** A page of a topic with several pages: its second one. */
async function longTopic(simulator: Simulator): Promise<{ row: TopicRow; second: string }> {
  const row = (await rows(simulator)).find(({ lastPage, pinned }) => lastPage > 2 && !pinned)
  if (row === undefined) throw new Error('no topic of three pages')
  return { row, second: row.url.replace(/-1-0-1-0-/, '-2-0-1-0-') }
}

function force(simulator: Simulator, name: FaultName, times = 1) {
  return simulator.control({ do: 'fault', name, times })
}

describe('a forced fault of a request happens once', () => {
  test.each([
    ['challenge', 403, 'challenge'],
    ['rate-limited', 429, 'rate-limited'],
    ['unavailable', 503, 'unavailable'],
    ['unknown-markup', 200, 'unknown'],
    ['to-index', 302, 'index'],
  ] as const)('%s', async (name, status, kind) => {
    const { simulator } = await start()
    const { second } = await longTopic(simulator)
    const before = simulator.truth().filter((post) => post.servedAt !== null)
    force(simulator, name)
    const { headers, body, ...answer } = await get(simulator, second)
    expect(answer.status).toBe(status)
    expect(classifyPage(body, { status, headers: Object.fromEntries(headers) })).toBe(kind)
    expect(headers.get('retry-after')).toBe(status === 429 || status === 503 ? '1' : null)
    expect(simulator.truth().filter((post) => post.servedAt !== null)).toEqual(before)
    expect((await get(simulator, second)).status).toBe(200)
    expect(simulator.control({ do: 'status' }).faults).toEqual({ [name]: 1 })
  })

  test.each([
    ['bad-payload', 'html'],
    ['no-payload', 'html'],
    ['plain-payload', 'payload'],
    ['swap', 'payload'],
  ] as const)('%s leaves the page readable', async (name, source) => {
    const { simulator } = await start()
    const { second } = await longTopic(simulator)
    force(simulator, name)
    const { body } = await get(simulator, second)
    const whole = (await get(simulator, second)).body
    expect(body).not.toBe(whole)
    expect(parseTopicPage(body)).toEqual({
      ...parseTopicPage(whole),
      source,
      passedOver: expect.any(Array) as string[],
    })
  })

  test('to-lower-page leads to the page before', async () => {
    const { simulator } = await start()
    const { row, second } = await longTopic(simulator)
    force(simulator, 'to-lower-page')
    expect((await get(simulator, second)).headers.get('location')).toBe(row.url)
  })

  test.each(['reset', 'cut'] as const)('%s cuts the connection', async (name) => {
    const { simulator } = await start()
    const { second } = await longTopic(simulator)
    force(simulator, name)
    await expect(get(simulator, second)).rejects.toThrow()
    expect((await get(simulator, second)).status).toBe(200)
  })

  test('truncated ends too early, and is not taken for a page with fewer posts', async () => {
    const { simulator } = await start()
    const { second } = await longTopic(simulator)
    const whole = (await get(simulator, second)).body
    force(simulator, 'truncated', 20)
    for (let i = 0; i < 20; i++) {
      const { body } = await get(simulator, second)
      expect(whole.startsWith(body.replace(/\ufffd$/, ''))).toBe(true)
      expect(() => parseTopicPage(body)).toThrow(expect.objectContaining({ code: 'page-broken' }))
    }
  })

  test('slow comes in drops', async () => {
    const { simulator, clock } = await start()
    const { second } = await longTopic(simulator)
    force(simulator, 'slow')
    const response = await fetch(simulator.url + second)
    let done = false
    const body = response.text().finally(() => (done = true))
    await settled()
    expect(done).toBe(false)
    for (let i = 0; i < 10; i++) await clock.advance(250)
    expect(parseTopicPage(await body).posts.length).toBe(20)
  })
})

describe('what happens to the forum', () => {
  const titleOf = (simulator: Simulator, id: string) =>
    rows(simulator).then((all) => all.find((row) => row.id === id)?.title)
  const idsOf = async (simulator: Simulator, row: TopicRow) => {
    const ids: string[] = []
    for (let page = 1; page <= row.lastPage; page++) {
      const { body } = await get(simulator, row.url.replace(/-1-0-1-0-/, `-${page}-0-1-0-`))
      ids.push(...parseTopicPage(body).posts.map((post) => post.id))
    }
    return ids
  }

  test('a deleted post shifts the later ones back; restored, it stands where it stood', async () => {
    const { simulator } = await start()
    const { row } = await longTopic(simulator)
    const before = await idsOf(simulator, row)
    const [, id = ''] = before
    simulator.control({ do: 'delete', id })
    expect(await idsOf(simulator, row)).toEqual(before.filter((each) => each !== id))
    expect((await rows(simulator)).find((each) => each.id === row.id)?.replies).toBe(row.replies - 1)
    expect(simulator.truth().find((post) => post.id === id)).toMatchObject({
      deleted: true,
      deletedAt: NOW,
      servedAt: NOW,
    })
    simulator.control({ do: 'restore', id })
    expect(await idsOf(simulator, row)).toEqual(before)
    expect(simulator.truth().find((post) => post.id === id)).toMatchObject({
      deleted: false,
      deletedAt: NOW,
      missable: false,
    })
  })

  test('a post that is deleted before a page with it was sent may be missed, even if it comes back', async () => {
    const { simulator } = await start()
    const post = simulator.truth(299)[0]
    simulator.control({ do: 'delete', id: post?.id })
    simulator.control({ do: 'restore', id: post?.id })
    expect(simulator.truth(299)).toEqual([{ ...post, deletedAt: NOW, deleted: false, missable: true }])
  })

  test('the last page vanishes with its last post', async () => {
    const { simulator } = await start()
    const { row } = await longTopic(simulator)
    const ids = await idsOf(simulator, row)
    for (const id of ids.slice((row.lastPage - 1) * 20)) simulator.control({ do: 'delete', id })
    const answer = await get(simulator, row.lastPageUrl)
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toContain(`-${row.lastPage - 1}-0-1-0-`)
  })

  test('a renamed topic has another address; the old one leads there', async () => {
    const { simulator } = await start()
    const { row } = await longTopic(simulator)
    simulator.control({ do: 'rename', topic: row.id, title: 'Un autre nom !' })
    expect(await titleOf(simulator, row.id)).toBe('Un autre nom !')
    const answer = await get(simulator, row.lastPageUrl)
    expect(answer.status).toBe(301)
    expect(answer.headers.get('location')).toMatch(/-un-autre-nom\.htm$/)
  })

  test('a deleted topic is gone from the list and answers 410', async () => {
    const { simulator } = await start()
    const { row } = await longTopic(simulator)
    simulator.control({ do: 'gone', topic: row.id })
    expect(await titleOf(simulator, row.id)).toBe(undefined)
    const answer = await get(simulator, row.lastPageUrl)
    expect(answer.status).toBe(410)
    expect(classifyPage(answer.body)).toBe('gone')
    expect(
      simulator
        .truth()
        .filter((post) => post.topicId === row.id)
        .every((post) => post.deleted),
    ).toBe(true)
  })

  test('with empty-page the last page of a topic may hold nothing', async () => {
    const { simulator } = await start({ faults: 'empty-page=1' })
    for (const row of (await rows(simulator)).filter(({ pinned }) => !pinned)) {
      expect(row.lastPage).toBe(Math.ceil((row.replies + 1) / 20) + 1)
      const page = parseTopicPage((await get(simulator, row.lastPageUrl)).body)
      expect(page).toMatchObject({ page: row.lastPage, pageCount: row.lastPage, posts: [] })
    }
  })

  test('with same-title topics share titles and nothing else', async () => {
    const { simulator, clock } = await start({ faults: 'same-title=1', rate: 100 })
    await clock.advance(10_000)
    const all = await rows(simulator)
    expect(new Set(all.map((row) => row.title)).size).toBeLessThan(all.length / 2)
    expect(new Set(all.map((row) => row.id)).size).toBe(all.length)
  })

  test.each([
    ['delete', { do: 'delete', id: '1' }],
    ['restore', { do: 'restore' }],
    ['rename', { do: 'rename', topic: '1' }],
    ['gone', { do: 'gone', topic: '1' }],
  ] as const)('%s of what is not there is refused', async (_, command) => {
    const { simulator } = await start()
    expect(() => simulator.control(command)).toThrow(expect.objectContaining({ code: 'simulator-order-unknown' }))
  })
})

describe('a storm', () => {
  test('of one seed happens alike in two runs, and everything in it happens', async () => {
    const storm = async () => {
      const { simulator, clock } = await start({ seed: 7, faults: 'all', rate: 200, history: 100 })
      simulator.control({ do: 'faults', names: 'all,gone=0.01,challenge=0.02,slow=0' })
      for (let i = 0; i < 10; i++) {
        await clock.advance(1000)
        const { status, body } = await get(simulator, new URL(simulator.forumUrl).pathname).catch(() => ({
          status: 0,
          body: '',
        }))
        if (status !== 200) continue
        for (const { url } of safeRows(body)) await get(simulator, url).catch(() => undefined)
      }
      return { truth: simulator.truth(), faults: simulator.control({ do: 'status' }).faults }
    }
    const safeRows = (body: string) => {
      try {
        return parseTopicList(body).rows
      } catch {
        return []
      }
    }
    const [one, other] = [await storm(), await storm()]
    expect(one.faults).toEqual(other.faults)
    expect(one.truth).toEqual(other.truth)
    for (const name of ['delete', 'rename', 'gone', 'same-title', 'bad-payload', 'swap'] as const)
      expect(one.faults[name]).toBeGreaterThan(0)
    expect(one.truth.some((post) => post.deletedAt !== null && !post.deleted)).toBe(true)
    // Nobody loses a post that was just served: it is not deleted for a while.
    for (const { servedAt, deletedAt, topicId } of one.truth) {
      if (servedAt === null || deletedAt === null || deletedAt < servedAt) continue
      const gone = one.truth.filter((post) => post.topicId === topicId).every((post) => post.deleted)
      expect(gone || deletedAt - servedAt >= 15_000).toBe(true)
    }
  })
})

describe('names', () => {
  test('all, none, names, chances', () => {
    expect([...readFaults('all')].map(([name]) => name)).toEqual(Object.keys(FAULTS))
    expect(readFaults('none').size).toBe(0)
    expect([...readFaults('slow, challenge=0.5')]).toEqual([
      ['slow', FAULTS.slow.chance],
      ['challenge', 0.5],
    ])
    expect(readFaults('all=0.1').get('gone')).toBe(0.1)
  })

  test.each(['storm', 'toString', 'slow=2', 'slow=x', 'slow=-1'])('%s is refused', (spec) => {
    expect(() => readFaults(spec)).toThrow(expect.objectContaining({ code: 'simulator-fault-unknown' }))
  })

  test('a simulator does not start with a fault that does not exist', async () => {
    await expect(startSimulator({ faults: 'storm' })).rejects.toThrow('Faults: all, none, challenge')
  })

  test('the share of a fault is its chance', () => {
    const plan = new FaultPlan(new Random(3))
    plan.set(readFaults('slow=0.1,cut=0.3,swap=0.2'))
    for (let i = 0; i < 10_000; i++) plan.ofRequest('list')
    expect(plan.counts.slow).toBeGreaterThan(900)
    expect(plan.counts.slow).toBeLessThan(1100)
    expect(plan.counts.cut).toBeGreaterThan(2850)
    expect(plan.counts.cut).toBeLessThan(3150)
    expect(plan.counts.swap).toBe(undefined)
  })
})
