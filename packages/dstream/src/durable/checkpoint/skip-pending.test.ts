import { crashPoints, Seconds, Time } from 'dstream'
import { memoryStorage, type MemoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import { expect, test } from 'vitest'
import { inspectCheckpoint } from './inspect.js'
import { skipPending } from './skip-pending.js'

type Seen = [time: number, total: [string, number][]]

/** Runs a job whose output fails while `broken`, one batch a row; returns what the output has been given. */
async function run(storage: MemoryStorage, startMs: number, rows: string[], broken: boolean): Promise<Seen[]> {
  const seen: Seen[] = []
  const t = new TestContext({ batchInterval: Seconds(1), storage, startTime: new Time(startMs), retry: { attempts: Infinity } }) // prettier-ignore
  const source = t.source<string>()
  source.stream
    .mapToPair((word) => [word, 1])
    .runningReduceByKey((a, b) => a + b)
    .uid('totals')
    .foreachRDD(async (rdd, time) => {
      if (broken) throw new Error('away')
      seen.push([time.milliseconds, await rdd.collect()])
    })
    .uid('store')
  for (const row of rows) {
    source.push(row)
    await t.run(1).catch(() => undefined)
  }
  await t.ssc.stop().catch(() => undefined)
  return seen
}

test('a batch that is given up is left out of the next run, and the others come in order, with the state whole', async () => {
  const storage = memoryStorage()
  await run(storage, 0, ['a', 'b', 'a'], true)
  expect(await skipPending(storage, 'store', 2000)).toBe(2)
  expect((await inspectCheckpoint(storage))!.pendingOutputs).toEqual([
    { output: 'store', from: 1000, until: 3000, every: 2000 },
  ])
  expect(await run(storage, 3000, ['b'], false)).toEqual([
    [1000, [['a', 1]]],
    [3000, [['a', 2], ['b', 1]]], // prettier-ignore
    [4000, [['a', 2], ['b', 2]]], // prettier-ignore
  ])
})

test.each<[string, string, number, RegExp]>([
  ['of another time', 'store', 1500, /No batch of 1500 ms waits for "store".*"store" \(1000 to 2000 ms\)/],
  ['of another output', 'print#1', 1000, /No batch of 1000 ms waits for "print#1"/],
])('a batch %s is refused, and nothing is written', async (_, output, time, says) => {
  const storage = memoryStorage()
  await run(storage, 0, ['a', 'b'], true)
  const before = storage.files()
  await expect(skipPending(storage, output, time)).rejects.toThrow(says)
  expect(storage.files()).toEqual(before)
})

test('a checkpoint that a job uses is refused', async () => {
  const storage = memoryStorage()
  await run(storage, 0, ['a'], true)
  const release = await storage.lock()
  await expect(skipPending(storage, 'store', 1000)).rejects.toMatchObject({ code: 'storage-locked' })
  await release()
})

test('adds no crash point to those that jobs come to', async () => {
  const storage = memoryStorage()
  await run(storage, 0, ['a'], true)
  const before = [...crashPoints]
  await skipPending(storage, 'store', 1000)
  expect(crashPoints).toEqual(before)
})
