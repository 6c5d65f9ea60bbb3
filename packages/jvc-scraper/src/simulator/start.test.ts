import { afterEach, describe, expect, test } from 'vitest'
import { classifyPage, parseTopicList, parseTopicPage } from '../parse/index.js'
import { ManualClock } from '../../../../test/manual-clock.js'
import { startSimulator } from './index.js'
import type { Simulator, SimulatorOptions, TruthPost } from './index.js'

const NOW = Date.UTC(2026, 6, 27, 12)
const open: Simulator[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()))
})

async function start(options: SimulatorOptions = {}): Promise<{ simulator: Simulator; clock: ManualClock }> {
  const clock = new ManualClock(NOW)
  const simulator = await startSimulator({ clock, ...options })
  open.push(simulator)
  return { simulator, clock }
}

async function get(simulator: Simulator, path: string, init?: RequestInit) {
  const response = await fetch(simulator.url + path, { redirect: 'manual', ...init })
  return { status: response.status, location: response.headers.get('location'), body: await response.text() }
}

describe('publishing', () => {
  test('follows the rate, dates each post with the moment it was due, and stops at the total', async () => {
    const { simulator, clock } = await start({ rate: 200, total: 1000 })
    await clock.advance(1000)
    expect(simulator.control({ do: 'status' })).toMatchObject({ published: 200, history: 300, done: false })
    expect(simulator.truth(300).map((post) => post.at - NOW)).toEqual(
      Array.from({ length: 200 }, (_, i) => 5 * (i + 1)),
    )
    await clock.advance(60_000)
    expect(simulator.control({ do: 'status' })).toMatchObject({ published: 1000, done: true })
  })

  test('pauses, resumes, changes its rate and its total, and publishes on order', async () => {
    const { simulator, clock } = await start({ rate: 10 })
    await clock.advance(1000)
    simulator.control({ do: 'pause' })
    await clock.advance(5000)
    expect(simulator.control({ do: 'publish', count: 3 }).published).toBe(13)
    simulator.control({ do: 'resume' })
    simulator.control({ do: 'rate', value: 100 })
    await clock.advance(1000)
    expect(simulator.control({ do: 'until', total: 150 }).published).toBe(113)
    await clock.advance(1000)
    expect(simulator.control({ do: 'status' })).toMatchObject({ published: 150, done: true })
  })

  test('two runs of one seed and one clock are alike to the second', async () => {
    const runs = await Promise.all([start({ rate: 200, seed: 5 }), start({ rate: 200, seed: 5 })])
    for (const { clock } of runs) await clock.advance(10_000)
    const [one, other] = runs.map(({ simulator }) => simulator.truth())
    expect(one?.length).toBe(2300)
    expect(one).toEqual(other)
  })
})

describe('the site answers as the real one', () => {
  test('a list and the topics it leads to', async () => {
    const { simulator } = await start()
    const list = parseTopicList((await get(simulator, new URL(simulator.forumUrl).pathname)).body)
    expect(list.rows.length).toBe(25)
    const row = list.rows[2]
    const page = parseTopicPage((await get(simulator, row?.lastPageUrl ?? '')).body)
    expect(page).toMatchObject({ topicId: row?.id, title: row?.title, page: row?.lastPage, pageCount: row?.lastPage })
    expect(page.posts.at(-1)?.date).toBe(row?.lastPostDate)
    const served = simulator.truth().filter((post) => post.servedAt !== null)
    expect(served.every((post) => post.servedAt === NOW)).toBe(true)
    expect(served.map((post) => post.id)).toEqual(page.posts.map((post) => post.id))
  })

  test.each([
    ['a topic that never existed', '/forums/42-51-1-1-0-1-0-x.htm', 302, '/forums.htm', 'index'],
    ['another forum', '/forums/0-52-0-1-0-1-0-x.htm', 302, '/forums.htm', 'index'],
    ['the forum index', '/forums.htm', 200, null, 'index'],
    ['a list page past the end', '/forums/0-51-0-1-0-99976-0-x.htm', 404, null, 'not-found'],
    ['a post that never existed', '/forums/message/1', 404, null, 'not-found'],
    ['any other path', '/x', 404, null, 'not-found'],
    ['the login page', '/sso/login?url=x', 200, null, 'login'],
  ])('%s', async (_, path, status, location, kind) => {
    const { simulator } = await start()
    const answer = await get(simulator, path)
    expect(answer).toMatchObject({ status, location })
    expect(classifyPage(answer.body, { status, url: simulator.url + path })).toBe(kind)
  })

  test('a page past the end leads to the last one, another slug to the right one', async () => {
    const { simulator } = await start()
    const topic = simulator.truth(299)[0]
    const past = await get(simulator, `/forums/42-51-${topic?.topicId}-999-0-1-0-x.htm`)
    expect(past.status).toBe(302)
    const last = await get(simulator, past.location ?? '')
    expect(last.status).toBe(200)
    expect(parseTopicPage(last.body).posts.at(-1)?.id).toBe(topic?.id)
    const other = await get(simulator, `/forums/42-51-${topic?.topicId}-1-0-1-0-item.htm`)
    expect(other).toMatchObject({ status: 301, location: past.location?.replace(/-\d+-0-1-0-/, '-1-0-1-0-') })
  })
})

describe('truth and control over HTTP', () => {
  test('the truth is one JSON object a line, from a position on', async () => {
    const { simulator, clock } = await start({ rate: 100 })
    await clock.advance(30_000)
    const lines = (await get(simulator, '/__truth?since=100')).body.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as TruthPost)).toEqual(simulator.truth(100))
    expect(lines.length).toBe(3200)
  })

  test('orders need POST and sense', async () => {
    const { simulator } = await start({ rate: 0 })
    expect((await get(simulator, '/__control')).body).toContain('"published":0')
    const posted = await get(simulator, '/__control?do=publish&count=2', { method: 'POST' })
    expect(JSON.parse(posted.body)).toMatchObject({ published: 2 })
    for (const [path, method] of [
      ['/__control?do=publish&count=2', 'GET'],
      ['/__control?do=dance', 'POST'],
      ['/__control?do=rate&value=-1', 'POST'],
    ] as const) {
      const answer = await get(simulator, path, { method })
      expect(answer.status).toBe(400)
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'simulator-order-unknown' })
    }
  })

  test('a port in use is an error of its own', async () => {
    const { simulator } = await start()
    await expect(startSimulator({ port: simulator.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
