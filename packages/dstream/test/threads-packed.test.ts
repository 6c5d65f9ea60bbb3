import { Seconds, Time, type DStream, type StateView } from 'dstream'
import { memoryStorage, type MemoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { answerQuestion } from '../src/api/state-question.js'
import type { PackingRule } from '../src/base/packing-rule.js'
import { eventLoopYielder } from '../src/platform/event-loop-yielder.js'
import type { KeyedState } from '../src/streams/state/keyed-state.js'
import { loopbackWorkers } from './loopback-workers.js'
import { add, follow, many, type Rows } from './threads-run.js'
import { faulty, type Fault } from './worker-faults.js'

// Partitions of states that are packed, since no stream reads the states; what reads them comes between the batches.

type Snapshots = DStream<unknown> & {
  snapshot(): StateView<string, unknown>
  get(key: string): unknown
}

function sumOrDrop(values: readonly number[], sum: number | undefined): number | undefined {
  if (values.some((n) => n < 0)) return undefined
  return values.reduce(add, sum ?? 0)
}

const nameOf = (n: number): string => `n${Math.abs(n) % 23}`
const names = Array.from({ length: 23 }, (_, i) => nameOf(i))
const byName = (n: number): [string, number] => [nameOf(n), n]

/** States, and what the jobs emit beside them. */
const states: Readonly<
  Record<
    string,
    (s: DStream<number>, numPartitions: number) => readonly [states: Snapshots, emitted?: DStream<unknown>]
  >
> = {
  mapWithState: (s, numPartitions) => {
    const mapped = s.mapToPair(byName).mapWithState(follow, { numPartitions })
    return [mapped as Snapshots, mapped]
  },
  'mapWithState with a timeout': (s, numPartitions) => {
    const mapped = s.mapToPair(byName).mapWithState(follow, { numPartitions, timeout: Seconds(2) })
    return [mapped as Snapshots, mapped]
  },
  updateStateByKey: (s, numPartitions) => [
    s.mapToPair(byName).updateStateByKey(sumOrDrop, { numPartitions }) as Snapshots,
  ],
}

/** What reads a state between two batches. A view that is held is read again when it is released. */
type Reader = 'none' | 'get' | 'scan' | 'hold' | 'release' | 'ask'

interface Life {
  readonly threads: number | undefined
  readonly numPartitions: number
  readonly readers: readonly Reader[]
  /** Whether the process is cut off, rather than stopped. */
  readonly cut: boolean
}
interface Given {
  readonly packing?: PackingRule
  readonly faults?: readonly Fault[]
}

/** Runs lives on one checkpoint, with readers behind each batch. Returns all that outputs and readers have seen. */
async function live(lives: readonly Life[], name: string, input: Rows, given: Given = {}) {
  let storage: MemoryStorage = memoryStorage()
  let startMs = 0
  const seen = new Map<string, unknown>()
  const sums = { packed: 0, updated: 0 }
  // A snapshot lists keys by partition and a commit by time, so that those of other partitions would be in the order of either.
  const samePartitions = new Set(lives.map(({ numPartitions }) => numPartitions)).size === 1
  for (const { threads, numPartitions, readers, cut } of lives) {
    const make = (workers?: ReturnType<typeof loopbackWorkers>) => {
      const options = {
        batchInterval: Seconds(1),
        storage,
        startTime: new Time(startMs),
        missedBatches: 'run' as const,
      }
      const limits = { snapshotBytes: samePartitions ? 300 : 1 << 20 }
      const t = new TestContext({ ...options, threads }, { firstMs: 1000, limits, ...(workers && { workers }) })
      const [table, emitted] = states[name]!(t.input(input, { numPartitions: 3 }), numPartitions)
      // No output reads a record of the states, and none is left without an operator below it.
      const out = t.output(emitted ?? table.transform((rdd) => rdd.context.parallelize([rdd.getNumPartitions()])))
      return { t, table, out }
    }
    const workers = loopbackWorkers(() => make().t.ssc, {
      leastBytes: 0,
      ...faulty(given.faults ?? []),
      seen: ({ type }) => void (type === 'updated' && sums.updated++),
      packing: given.packing,
    })
    const { t, table, out } = make(workers)
    const held: StateView<string, unknown>[] = []
    const keyed = (table.operator as unknown as { readonly table: KeyedState<unknown> }).table
    for (const [i, reader] of readers.entries()) {
      await t.run(1)
      const at = startMs + i
      for (let p = 0; p < numPartitions; p++) if (keyed.packing.of(p) !== undefined) sums.packed++
      seen.set(`${at} counts`, [keyed.size, keyed.lastChanges])
      if (reader === 'get')
        seen.set(`${at} get`, names.slice(at % 20).map((key) => table.get(key))) // prettier-ignore
      else if (reader === 'scan') seen.set(`${at} scan`, [...table.snapshot()])
      else if (reader === 'hold') held.push(table.snapshot())
      else if (reader === 'release') {
        const view = held.shift()
        if (view !== undefined) seen.set(`${at} released`, [[...view], names.map((key) => view.get(key))])
        view?.release()
      } else if (reader === 'ask') {
        const view = table.snapshot()
        seen.set(`${at} asked`, await answerQuestion(view, { limit: 10 }, eventLoopYielder))
        view.release()
      }
    }
    for (const view of held) seen.set(`${startMs} held ${view.time.milliseconds}`, [...view])
    startMs = t.ssc.engine!.ticker.nextMs - 1000
    if (cut) {
      await t.crash()
      storage = storage.crash()
    } else await t.ssc.stop({ gracefully: false })
    for (const [i, time] of out.times.entries()) seen.set(`batch ${time}`, out.batches[i])
  }
  return { seen: Object.fromEntries(seen), sums }
}

const reader = fc.constantFrom<Reader>('none', 'none', 'none', 'none', 'get', 'scan', 'hold', 'release', 'ask')
const lives = fc.array(
  fc.record({
    threads: fc.integer({ min: 2, max: 4 }),
    numPartitions: fc.constantFrom(4, 4, 3, 5),
    readers: fc.array(reader, { minLength: 2, maxLength: 7 }),
    cut: fc.boolean(),
  }),
  { minLength: 1, maxLength: 3 },
)
const records = fc.oneof(fc.integer({ min: -5, max: 60 }), fc.double({ noNaN: true, min: 0, max: 9 }))
const input = fc.array(fc.array(records, { maxLength: 40 }), { minLength: 1, maxLength: 14 })
const faults = fc.array(fc.constantFrom<Fault>('none', 'none', 'none', 'none', 'lost', 'failed', 'ended'), {
  maxLength: 9,
})
const packing = fc.record({ afterUpdates: fc.integer({ min: 0, max: 2 }), leastBytes: fc.constantFrom(0, 500) })

describe.each(Object.keys(states))('packed partitions: %s', (name) => {
  test('change nothing of what outputs and readers see, whatever fails and ends', async () => {
    const sums = { packed: 0, updated: 0 }
    await fc.assert(
      fc.asyncProperty(lives, input, packing, faults, async (all, rows, rule, faultsOfTasks) => {
        const plain = await live(all.map((life) => ({ ...life, threads: undefined })), name, rows) // prettier-ignore
        const spread = await live(all, name, rows, { packing: rule, faults: faultsOfTasks })
        expect(spread.seen).toStrictEqual(plain.seen)
        sums.packed += spread.sums.packed
        sums.updated += spread.sums.updated
      }),
      { numRuns: 40 },
    )
    expect(Math.min(...Object.values(sums))).toBeGreaterThan(10)
  })

  test('stay packed while nothing reads them, and are sent as they are', async () => {
    const rows = Array.from({ length: 12 }, (_, i) => many.slice(i * 20, i * 20 + 60))
    const readers = rows.map((): Reader => 'none')
    const given = { packing: { afterUpdates: 2, leastBytes: 0 }, faults: ['none', 'none', 'none', 'lost'] } as const
    const plain = await live([{ threads: undefined, numPartitions: 4, readers, cut: false }], name, rows)
    const spread = await live([{ threads: 4, numPartitions: 4, readers, cut: false }], name, rows, given)
    expect(spread.seen).toStrictEqual(plain.seen)
    // This thread has one of the four partitions.
    expect(spread.sums.packed).toBeGreaterThan(3 * 6)
  })
})
