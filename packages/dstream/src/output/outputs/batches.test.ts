import { Milliseconds, Seconds, StreamingContext, type Batch } from 'dstream'
import { TestContext } from 'dstream/testing'
import { describe, expect, test } from 'vitest'

const second = { batchInterval: Seconds(1) }
const rows = [['a'], ['b'], ['c']]

async function read(batches: AsyncIterable<{ records: string[] }>, count = Infinity): Promise<string[][]> {
  const got: string[][] = []
  if (count === 0) return got
  for await (const { records } of batches) {
    got.push(records)
    if (got.length === count) break
  }
  return got
}

test('hands over one batch after the other and ends with the context', async () => {
  const t = new TestContext(second)
  const batches = t.input([['a'], ['b']]).batches()
  const got: [number, string[]][] = []
  const reading = (async () => {
    for await (const { time, records } of batches) got.push([time.milliseconds, records])
  })()
  await t.run()
  await t.ssc.stop()
  await reading
  expect(got).toEqual([
    [1000, ['a']],
    [2000, ['b']],
  ])
})

describe('as the language defines an async iterator:', () => {
  test('several asks at once are answered in order, and those behind the end are done', async () => {
    const t = new TestContext(second)
    const loop = t.input(rows).batches()[Symbol.asyncIterator]()
    const asks = Promise.all(Array.from({ length: 5 }, () => loop.next()))
    await t.run()
    await t.ssc.stop()
    expect(
      (await asks).map(({ done, value }) => (done === true ? 'done' : (value as { records: unknown }).records)),
    ).toEqual([['a'], ['b'], ['c'], 'done', 'done'])
    expect(await loop.next()).toEqual({ done: true, value: undefined })
  })

  test('return ends the asks that wait, at once; batches run on', async () => {
    const t = new TestContext(second)
    const loop = t.input(rows).batches()[Symbol.asyncIterator]()
    const ask = loop.next()
    expect(await loop.return!()).toEqual({ done: true, value: undefined })
    expect(await ask).toEqual({ done: true, value: undefined })
    await t.run()
    expect(t.ssc.lastProgress?.batchTime).toBe(3000)
    await t.stop()
  })

  test('throw ends the loop with the error that it is given', async () => {
    const t = new TestContext(second)
    const loop = t.input(rows).batches()[Symbol.asyncIterator]()
    const error = new Error('enough')
    await expect(loop.throw!(error)).rejects.toBe(error)
    expect(await loop.next()).toEqual({ done: true, value: undefined })
    await t.run()
    await t.stop()
  })

  test('a loop is its own iterable', async () => {
    const t = new TestContext(second)
    const loop = t.input(rows).batches()[Symbol.asyncIterator]() as AsyncIterableIterator<{ records: string[] }>
    expect(loop[Symbol.asyncIterator]()).toBe(loop)
    const reading = read(loop)
    await t.run()
    await t.stop()
    expect(await reading).toEqual([['a'], ['b'], ['c'], []])
  })
})

test('two loops at once: each gets every batch, and its own array', async () => {
  const t = new TestContext(second)
  const batches = t.input(rows).batches()
  const loops = [read(batches), read(batches, 2)]
  await t.run()
  await t.ssc.stop()
  const [all, two] = await Promise.all(loops)
  expect([all, two]).toEqual([rows, [['a'], ['b']]])
  expect(all![0]).not.toBe(two![0])
})

test('a loop after another one gets the batches from then on', async () => {
  const t = new TestContext(second)
  const batches = t.input(rows).batches()
  const first = read(batches, 1)
  await t.run(1)
  await first
  const rest = read(batches)
  await t.run()
  await t.ssc.stop()
  expect([await first, await rest]).toEqual([[['a']], [['b'], ['c']]])
})

test('the first batch waits for the first loop', async () => {
  const t = new TestContext(second)
  const batches = t.input(rows).batches()
  const running = t.run()
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
  expect(t.ssc.lastProgress).toBeUndefined()
  const reading = read(batches)
  await running
  await t.ssc.stop()
  expect(await reading).toEqual(rows)
})

test('a loop that begins after the end is done', async () => {
  const t = new TestContext(second)
  const batches = t.input(rows).batches()
  const reading = read(batches, 1)
  await t.run(1)
  await reading
  await t.ssc.stop()
  expect(await read(batches)).toEqual([])
})

test('a stream that fails in every batch: the loop throws that error when the context has ended', async () => {
  const t = new TestContext(second)
  const error = new Error('poison')
  const batches = t
    .input(rows)
    .map((): string => {
      throw error
    })
    .batches()
  const loops = [read(batches), read(batches)]
  const ends = Promise.allSettled(loops)
  await expect(t.run()).rejects.toBe(error)
  await t.ssc.stop()
  expect(await ends).toEqual([
    { status: 'rejected', reason: error },
    { status: 'rejected', reason: error },
  ])
})

describe('within a loop', () => {
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  function running(): { ssc: StreamingContext; batches: AsyncIterable<Batch<number>> } {
    const ssc = new StreamingContext({ batchInterval: Milliseconds(10), logger: silent })
    return { ssc, batches: ssc.rateStream(100).batches() }
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve))

  test.each<[string, (ssc: StreamingContext) => Promise<void>]>([
    ['itself', (ssc) => ssc.stop({ gracefully: true })],
    ['a function that it awaits', async (ssc) => (await turn(), await ssc.stop({ gracefully: true }))],
  ])('a stop awaited by %s resolves at once, and the loop ends', async (_, stop) => {
    const { ssc, batches } = running()
    await ssc.start()
    const states: string[] = []
    for await (const { records } of batches) {
      await turn()
      if (states.length === 0) await stop(ssc)
      states.push(`${ssc.getState()} ${records.length >= 0}`)
    }
    await ssc.awaitTermination()
    expect(states.slice(0, 2)).toEqual(['ACTIVE true', 'ACTIVE true'])
    expect(ssc.getState()).toBe('STOPPED')
  })

  test('a stop from elsewhere waits for the end, also while the loop is at a batch', async () => {
    const { ssc, batches } = running()
    await ssc.start()
    let isAtBatch!: () => void
    const atBatch = new Promise<void>((resolve) => (isAtBatch = resolve))
    let goOn!: () => void
    const goesOn = new Promise<void>((resolve) => (goOn = resolve))
    let last: number | undefined
    const loop = async (): Promise<void> => {
      for await (const { time } of batches) {
        isAtBatch()
        await goesOn
        last = time.milliseconds
      }
    }
    const looping = loop()
    await atBatch
    const stopped = ssc.stop({ gracefully: true })
    await turn()
    goOn()
    await stopped
    expect(ssc.getState()).toBe('STOPPED')
    await looping
    expect(last).toBe(ssc.lastProgress?.batchTime)
  })

  test('awaitTermination is refused', async () => {
    const { ssc, batches } = running()
    await ssc.start()
    const refusals: unknown[] = []
    for await (const _ of batches) {
      refusals.push(await ssc.awaitTermination().catch((error: { code: string }) => error.code))
      break
    }
    await ssc.stop()
    expect(refusals).toEqual(['waits-for-itself'])
  })
})
