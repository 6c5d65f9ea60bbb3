import { Minutes, Seconds, type DStream } from 'dstream'
import { memoryStorage, type MemoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import { expect, test } from 'vitest'
import { collectGarbage } from './collect-garbage.js'

// A window of an hour, of 3,600 panes: its results, its memory and its checkpoint, beside the same steps in one `transform`.

type Pair = [string, number]
type Pairs = (words: DStream<string>) => DStream<Pair>

const PANES = 3600
const KEYS = 50

function add(a: number, b: number): number {
  return a + b
}
function subtract(a: number, b: number): number {
  return a - b
}

/** Steps of which only the last one is read by the window. */
const inStreams: Pairs = (words) =>
  words
    .map((word) => word.toUpperCase())
    .map((word) => word.slice(0, 8))
    .mapToPair((word): Pair => [word, 1])
const inOneTransform: Pairs = (words) =>
  words.transformToPair((rdd) =>
    rdd
      .map((word) => word.toUpperCase())
      .map((word) => word.slice(0, 8))
      .mapToPair((word): Pair => [word, 1]),
  )

const windows: Record<string, (pairs: DStream<Pair>) => DStream<Pair>> = {
  'with inverse': (pairs) => pairs.reduceByKeyAndWindow(add, subtract, Minutes(60), Seconds(1)),
  'without inverse': (pairs) => pairs.reduceByKeyAndWindow(add, Minutes(60), Minutes(2)),
  'of records': (pairs) => pairs.window(Minutes(60), Minutes(2)).reduceByKey(add),
}

/** The words of a batch: each key twice. */
function row(): string[] {
  return Array.from({ length: 2 * KEYS }, (_, i) => `w${i % KEYS} and what else stood in the line`)
}

interface Cost {
  readonly heap: number
  readonly stored: number
}

function storedBytes(storage: MemoryStorage): number {
  return [...storage.files().values()].reduce((sum, { length }) => sum + length, 0)
}

/** Fills the window and moves it on, over a crash; checks each result. Returns the heap and the checkpoint that it takes. */
async function fill(define: (words: DStream<string>) => DStream<Pair>): Promise<Cost> {
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const storage = memoryStorage()
  const wrong: unknown[] = []
  let batches = 0
  const life = (t: TestContext) => {
    const { stream, push } = t.source<string>()
    define(stream).foreachRDD(async (rdd, { milliseconds }) => {
      const counts = await rdd.collect()
      const right = 2 * Math.min(milliseconds / 1000, PANES)
      if (counts.length !== KEYS || counts.some(([, n]) => n !== right)) wrong.push([milliseconds, right, counts[0]])
    })
    return async (n: number) => {
      for (; n > 0; n--, batches++) {
        push(...row())
        await t.run(1)
      }
    }
  }
  const t = new TestContext({ batchInterval: Seconds(1), storage })
  await life(t)(PANES + 120)
  collectGarbage()
  const cost = { heap: process.memoryUsage().heapUsed - before, stored: storedBytes(storage) }
  const next = await t.crashAndRecover(life)
  await next.defined(240)
  await next.ssc.stop()
  expect([wrong, batches]).toEqual([[], PANES + 360])
  return cost
}

test.each(Object.entries(windows))('an hour of panes, %s', async (_, window) => {
  const one = await fill((words) => window(inOneTransform(words)))
  const streams = await fill((words) => window(inStreams(words)))
  expect(streams.stored / one.stored).toBeLessThan(1.2)
  expect(streams.heap / one.heap).toBeLessThan(1.2)
})
