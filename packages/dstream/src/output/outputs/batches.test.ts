import { Seconds } from 'dstream'
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
