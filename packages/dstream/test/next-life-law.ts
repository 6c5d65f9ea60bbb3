import { Milliseconds, Time, type DStream } from 'dstream'
import { memoryStorage, type MemoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { expect } from 'vitest'

/** A change between two lives: what stays true of the second one. */
interface Shape {
  readonly intervalMs: number
  readonly window: number
  readonly slide: number
  readonly parallelism: number
  readonly batches: number
  readonly away: number
  readonly skip: boolean
  readonly crashAt: string | undefined
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  intervalMs: fc.constantFrom(100, 150, 200, 400),
  window: fc.integer({ min: 1, max: 6 }),
  slide: fc.integer({ min: 1, max: 3 }),
  parallelism: fc.integer({ min: 1, max: 3 }),
  batches: fc.integer({ min: 1, max: 6 }),
  away: fc.integer({ min: 0, max: 900 }),
  skip: fc.boolean(),
  crashAt: fc.option(fc.constantFrom('batch:allocated', 'batch:evaluated', 'commit:before-append', 'batch:committed'), {
    nil: undefined,
  }),
})

interface Seen {
  readonly time: number
  readonly records: readonly string[]
}

/** Runs lives of different shapes; returns their batches, and what three windows and a state made of them. */
async function change(lives: readonly Shape[]) {
  let storage: MemoryStorage = memoryStorage()
  let nowMs = 0
  let word = 0
  const all: { shape: Shape; batches: Seen[]; plain: Seen[]; table: Seen[]; total: Seen[] }[] = []
  for (const shape of lives) {
    const { intervalMs, window, slide, parallelism, batches, away, skip, crashAt } = shape
    nowMs += away
    const life = { shape, batches: [] as Seen[], plain: [] as Seen[], table: [] as Seen[], total: [] as Seen[] }
    all.push(life)
    const t = new TestContext({
      batchInterval: Milliseconds(intervalMs),
      defaultParallelism: parallelism,
      missedBatches: skip ? 'skip' : 'run',
      storage,
      startTime: new Time(nowMs),
    })
    const { stream, push } = t.source<string>()
    const keep = <T>(into: Seen[], from: DStream<T>, text: (record: T) => string): unknown =>
      from.foreachRDD(async (rdd, { milliseconds: time }) => {
        into.push({ time, records: (await rdd.collect()).map(text).sort() })
      })
    const [w, s] = [Milliseconds(window * intervalMs), Milliseconds(slide * intervalMs)]
    keep(life.batches, stream, String)
    keep(life.plain, stream.map(String).window(w, s).uid('plain'), String)
    keep(life.table, stream.countByValueAndWindow(w, s).uid('table'), ([record, n]) => `${record}${n === 1 ? '' : n}`)
    keep(life.total, stream.count().map((n): [string, number] => ['all', n]).runningReduceByKey((a, b) => a + b).uid('total'), ([, n]) => String(n)) // prettier-ignore
    for (let i = 0; i < batches; i++) {
      push(`w${word++}`, `w${word++}`)
      await t.run(1)
    }
    if (batches > 0 && crashAt !== undefined) push(`w${word++}`)
    const cut = crashAt === undefined ? {} : { at: crashAt }
    if (crashAt === undefined) await t.ssc.stop()
    else storage = (await t.crashAndRecover(() => undefined, cut)).storage as MemoryStorage
    nowMs = t.ssc.engine!.ticker.nextMs - (crashAt === undefined ? intervalMs : 0)
  }
  return all
}

/**
 * Law: whatever changes between two lives, each batch counts once, and a window holds no other batches than its length covers,
 * and each of those of this life.
 */
export function holdsOverLives(numRuns: number): Promise<void> {
  return fc.assert(
    fc.asyncProperty(fc.array(shapes, { minLength: 2, maxLength: 4 }), async (lives) => {
      const all = await change(lives)
      const history = new Map<number, readonly string[]>()
      let first = -Infinity
      for (const { shape, batches, plain, table, total } of all) {
        for (const { time, records } of batches) {
          if (history.has(time)) expect(records).toEqual(history.get(time))
          else expect(time).toBeGreaterThan(Math.max(-Infinity, ...history.keys()))
          history.set(time, records)
        }
        const windowMs = shape.window * shape.intervalMs
        const until = (time: number) => [...history].filter(([at]) => at <= time)
        for (const { time, records } of total) {
          expect(records).toEqual([String(until(time).flatMap(([, words]) => words).length)])
        }
        const covered = (time: number, afterMs: number) =>
          until(time).filter(([at]) => at > Math.max(time - windowMs, afterMs)).flatMap(([, words]) => words) // prettier-ignore
        for (const { time, records } of [...plain, ...table]) {
          const whole = covered(time, -Infinity)
          expect(records).toEqual(records.filter((record) => whole.includes(record)))
          expect(new Set(records).size).toBe(records.length)
          expect(records).toEqual(expect.arrayContaining(covered(time, first)))
        }
        // The next life has at least what this one's windows still read.
        first = Math.max(first, Math.max(...history.keys()) - windowMs)
      }
    }),
    { numRuns },
  )
}
