import { HashPartitioner, Seconds, Time, type State } from 'dstream'
import { memoryStorage, type MemoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AnyFunction } from '../src/rdd/plan/lineage.js'
import type { WorkerFrame } from '../src/engine/stages/frames.js'
import { onCluster } from './cluster-run.js'
import { loopbackCluster, type ClusterFaults } from './loopback-cluster.js'
import {
  add,
  byDigit,
  byName,
  follow,
  many,
  runAll,
  type DefineAll,
  type JobOptions,
  type Rows,
} from './threads-run.js'

// States whose updates take their pairs where the map sides have left them: results are those of one thread, where each partition is
// combined on its own as well.

const numPartitions = 3

/** Adds up in the order of the values; a sum that has no new ones for a batch is dropped where it is even. */
function fold(values: readonly number[], sum: number | undefined): number | undefined {
  if (values.length === 0 && Math.round(sum ?? 0) % 2 === 0) return undefined
  return values.reduce((a, b) => a * 0.9 + b, sum ?? 0)
}

/** Changes the state that it is given, and returns it. */
function change(values: number[], state: { calls: number; all: number[] } | undefined) {
  const next = state ?? { calls: 0, all: [] }
  next.calls++
  next.all = [...next.all, ...values].slice(-5)
  return next
}

const states: Readonly<Record<string, DefineAll>> = {
  'keys of text': (s) => ({ all: s.mapToPair(byName).updateStateByKey(fold, { numPartitions }) }),
  'many keys, as partitions': (s) => {
    const all = s.mapToPair((n) => [n % 97, n / 7]).updateStateByKey(fold, { numPartitions })
    return { all, parts: all.glom() }
  },
  'compound keys': (s) => ({
    all: s.mapToPair((n): [[number, string], number] => [[n % 5, `${n % 3}`], n]).updateStateByKey(fold, { numPartitions }), // prettier-ignore
  }),
  'a state that is changed in place': (s) => ({
    all: s.mapToPair((n) => [n % 31, n]).updateStateByKey(change, { partitioner: new HashPartitioner(4) }),
  }),
  'initial states': (s) => ({
    all: s.mapToPair(byDigit).updateStateByKey(fold, { numPartitions, initialState: [[3, 5], [77, 1]] }), // prettier-ignore
  }),
  mapWithState: (s) => {
    const mapped = s.mapToPair((n) => [n % 31, n]).mapWithState(follow, { numPartitions })
    return { mapped, parts: mapped.glom(), all: mapped.stateSnapshots() }
  },
  'mapWithState with a timeout': (s) => {
    const options = { partitioner: new HashPartitioner(4), timeout: Seconds(1) }
    const mapped = s.flatMap((n) => [n, n + 1]).mapToPair((n) => [`k${n % 97}`, n]).mapWithState(follow, options) // prettier-ignore
    return { mapped, all: mapped.stateSnapshots() }
  },
  'mapWithState with initial states': (s) => {
    const initialState = [[4, { count: 9, last: [] }] as const]
    return { mapped: s.mapToPair(byDigit).mapWithState(follow, { numPartitions, initialState }) }
  },
  'two states of one stream': (s) => {
    const one = s.mapToPair(byName).updateStateByKey(fold, { numPartitions })
    return { one, other: one.mapToPair(([key, n]) => [key.length, n]).updateStateByKey(fold, { numPartitions: 2 }) }
  },
}

/** Runs on a cluster. The updates are those stages that were given left pairs. */
async function run(rows: Rows, define: DefineAll, options: JobOptions = {}, faults: ClusterFaults = {}) {
  const ended = await onCluster(rows, define, options, faults)
  return { ...ended, updates: ended.cluster.overBlocks.filter(({ kind }) => kind === 'update') }
}

/** Runs in one thread, in which each partition is combined on its own. */
function inOneThread(rows: Rows, define: DefineAll, options: JobOptions = {}) {
  return runAll(rows, define, 1, options)
}

const rows: Rows = [many.slice(0, 90), many.slice(60, 70), [], [1, 2, 3], many, many.map((n) => n * 3 - 700), []]

describe('updates take the pairs where they were left', () => {
  test.each(Object.entries(states))('%s', async (_, define) => {
    const here = await inOneThread(rows, define)
    const { updates, cluster, ...there } = await run(rows, define)
    expect(there.batches).toStrictEqual(here.batches)
    expect([there.errors, there.tasks.repeated]).toEqual([[], 0])
    expect(updates.length).toBeGreaterThan(1)
    expect(cluster.fetched).toBe(0)
  })

  test('those of a user’s partitioner are merged first', async () => {
    const partitioner = { numPartitions: 2, getPartition: (key: unknown) => String(key).length % 2 }
    const define: DefineAll = (s) => ({ all: s.mapToPair((n) => [n % 31, n]).updateStateByKey(fold, { partitioner }) })
    const here = await inOneThread(rows, define)
    const { updates, cluster, ...there } = await run(rows, define)
    expect(there.batches).toStrictEqual(here.batches)
    expect([updates.length, cluster.overBlocks.length > 0]).toEqual([0, true])
  })

  test('small tables come to the driver, and go along with large ones', async () => {
    const uneven: DefineAll = (s) => ({
      all: s.mapToPair((n) => [n % (n % 300 < 150 ? 3 : 97), n % 10]).updateStateByKey(fold, { numPartitions }),
    })
    const sorted = [...many].sort((a, b) => a - b)
    const given = [sorted, sorted.map((n) => n + 150)]
    const here = await inOneThread(given, uneven, { numPartitions: 7 })
    const some = await run(given, uneven, { numPartitions: 7 }, { mostSent: 120 })
    expect(some.batches).toStrictEqual(here.batches)
    expect(some.updates.map(({ left, added }) => left > 1 && added > 1)).toEqual([true, true])
    const none = await run(given, uneven, { numPartitions: 7 }, { mostSent: 10_000 })
    expect(none.batches).toStrictEqual(here.batches)
    expect(none.updates).toEqual([])
  })
})

/** What happens to a stage over blocks, or to the reply of an update. */
type Fault = 'none' | 'failed' | 'forgotten' | 'lost stage'

/** Gives faults to stages and replies, one after the other, again and again. */
function faulty(faults: readonly Fault[], isLost: (task: number) => boolean) {
  let replies = 0
  const isAt = (n: number, fault: Fault): boolean => faults.length > 0 && faults[n % faults.length] === fault
  return {
    failsOverBlocks: (n: number) => (isAt(n, 'lost stage') ? 'an executor was lost' : undefined),
    isLost,
    replied(frame: WorkerFrame): WorkerFrame {
      if (frame.type !== 'updated') return frame
      const n = replies++
      if (isAt(n, 'failed')) return { type: 'failed', id: frame.id, forGood: false, reason: 'a fault' }
      // The driver goes on with a name that the worker does not have.
      return isAt(n, 'forgotten') ? { ...frame, copy: `${frame.copy} of a worker that has ended` } : frame
    },
  }
}

const records = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.double({ noNaN: true, min: 0, max: 9 }))
// A batch of few records is no stage.
const randomRow = fc.oneof(
  { weight: 4, arbitrary: fc.array(records, { minLength: 20, maxLength: 60 }) },
  fc.array(records, { maxLength: 20 }),
)
const randomRows = fc.array(randomRow, { minLength: 1, maxLength: 6 })
const randomFaults = fc.array(fc.constantFrom<Fault>('none', 'none', 'failed', 'forgotten', 'lost stage'), {
  maxLength: 7,
})

test('random batches are those of one thread, whatever is lost', async () => {
  const seen = { updates: 0, wanting: 0, repeated: 0, fetched: 0 }
  const property = async (batches: Rows, define: DefineAll, faults: readonly Fault[], lost: number): Promise<void> => {
    const { replied, ...others } = faulty(faults, (task) => ((lost >> task) & 1) === 1)
    const noted = (frame: WorkerFrame): WorkerFrame => {
      if (frame.type === 'wanting') seen.wanting++
      return replied(frame)
    }
    const here = await inOneThread(batches, define)
    const there = await run(batches, define, {}, { ...others, replied: noted })
    expect(there.batches).toStrictEqual(here.batches)
    expect(there.errors).toEqual([])
    seen.updates += there.updates.length
    seen.repeated += there.tasks.repeated
    seen.fetched += there.cluster.fetched
  }
  const anyState = fc.constantFrom(...Object.values(states))
  const anyLoss = fc.integer({ min: 0, max: 15 })
  await fc.assert(fc.asyncProperty(randomRows, anyState, randomFaults, anyLoss, property), { numRuns: 60 })
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(5)
})

const picky = (n: number): number => {
  if (n % 10 === 7) throw new RangeError(`no ${n}`)
  return n
}
const pickyStates: Readonly<Record<string, DefineAll>> = {
  updateStateByKey: (s) => ({
    all: s
      .mapToPair((n) => [n % 31, n])
      .updateStateByKey((values: number[], sum: number | undefined) => values.map(picky).reduce(add, sum ?? 0), {
        numPartitions,
      }),
  }),
  mapWithState: (s) => ({
    all: s
      .mapToPair((n) => [n % 31, n])
      .mapWithState(
        (key, n, state: State<number>) => {
          if (state.isTimingOut()) return [key, picky(state.get())]
          state.update((state.getOption() ?? 0) + picky(n!))
          return [key, state.get()]
        },
        { numPartitions, timeout: Seconds(1) },
      ),
  }),
  'a map side before mapWithState': (s) => ({
    all: s
      // Some are no pairs, and some have odd keys.
      .map((n): [number, number] => (n % 101 === 5 ? (n as never) : [n % 103 === 3 ? ((() => n) as never) : n % 31, n]))
      .mapWithState(
        (key, n, state: State<number>) => {
          state.update((state.getOption() ?? 0) + n!)
          return [key, state.get()]
        },
        { numPartitions },
      ),
  }),
}

describe('a function that throws', () => {
  test.each(Object.entries(pickyStates))('leaves the same records out: %s', async (_, define) => {
    const here = await inOneThread(rows, define, { onRecordError: 'skip' })
    const there = await run(rows, define, { onRecordError: 'skip' })
    expect(there.batches).toStrictEqual(here.batches)
    expect(there.skippedRecords).toEqual(here.skippedRecords)
    expect(Object.values(here.skippedRecords).some((n) => n > 0)).toBe(true)
    expect(there.updates.length).toBeGreaterThan(0)
  })

  test.each(Object.entries(pickyStates))('fails the same batch: %s', async (_, define) => {
    const here = await inOneThread(rows, define)
    const there = await run(rows, define)
    expect(here.error).toBeInstanceOf(Error)
    expect(String(there.error)).toBe(String(here.error))
    expect(there.errors).toEqual(here.errors)
    expect(there.batches).toStrictEqual(here.batches)
  })

  let trips = 0
  const trip = (): void => {
    if (trips > 0 && trips-- < 4) throw new RangeError('away')
  }
  const tripping: DefineAll = (s) => ({
    all: s
      .mapToPair((n) => [n % 31, n])
      .updateStateByKey(
        (values: number[], sum: number | undefined) => {
          trip()
          return fold(values, sum)
        },
        { numPartitions },
      ),
  })
  test.each([5, 20, 60, 100, 150])('a batch that is rolled back passes later: from call %i', async (n) => {
    const longer = [...rows, ...rows]
    const here = await inOneThread(longer, tripping)
    trips = n + 3
    const there = await run(longer, tripping, { onFailure: 'skip' })
    expect(trips).toBe(0)
    expect(there.errors.length).toBeGreaterThan(0)
    expect(there.batches['all']!.at(-1)).toStrictEqual(here.batches['all']!.at(-1))
  })

  test('a value that cannot be stored is found with its record', async () => {
    const define: DefineAll = (s) => ({
      all: s
        .mapToPair((n) => [n % 31, n])
        .updateStateByKey(
          (values: number[], old: unknown): unknown => (values.includes(8) ? () => old : values.length),
          {
            numPartitions,
          },
        ),
    })
    const options = () => ({ storage: memoryStorage(), onRecordError: 'skip' as const })
    const here = await inOneThread(rows, define, options())
    const there = await run(rows, define, options())
    expect([there.batches, there.skippedRecords]).toStrictEqual([here.batches, here.skippedRecords])
    expect(Object.values(here.skippedRecords).some((n) => n > 0)).toBe(true)
  })
})

test.each<[string, ClusterFaults]>([
  ['without a fault', {}],
  ['updates fail', faulty(['none', 'failed', 'none', 'forgotten'], () => false)],
  ['stages fail, and blocks are lost', faulty(['lost stage'], (task) => task % 2 === 1)],
])('records and additions to accumulators count once: %s', async (_, faults) => {
  const counted: DefineAll = (s, t) => {
    const mapped = t.ssc.sc.longAccumulator('mapped')
    const called = t.ssc.sc.longAccumulator('called')
    const all = s
      .mapToPair((n) => {
        mapped.add(1)
        return [n % 31, n]
      })
      .updateStateByKey(
        (values: number[], sum: number | undefined) => {
          called.add(values.length)
          return fold(values, sum)
        },
        { numPartitions },
      )
    return { all, sums: all.transform((rdd) => rdd.context.parallelize([[mapped.value, called.value]])) }
  }
  const options = { definition: counted as AnyFunction }
  const here = await inOneThread(rows, counted, options)
  const there = await run(rows, counted, options, faults)
  expect(there.batches).toStrictEqual(here.batches)
})

/** Runs lives on one checkpoint; one that is cut goes on with the batch that it has not committed. */
async function live(lives: readonly { readonly batches: number; readonly cut: boolean }[], isSpread: boolean) {
  let storage: MemoryStorage = memoryStorage()
  let startMs = 0
  const seen = new Map<number, unknown>()
  for (const { batches, cut } of lives) {
    const make = (cluster?: ReturnType<typeof loopbackCluster>) => {
      const options = {
        batchInterval: Seconds(1),
        storage,
        startTime: new Time(startMs),
        missedBatches: 'run' as const,
      }
      const t = new TestContext(
        { ...options, ...(!isSpread && { threads: 1 }) },
        { firstMs: 1000, ...(cluster && { cluster }) },
      )
      const all = states['many keys, as partitions']!(t.input(rows, { numPartitions: 4 }), t)['parts']!
      return { t, out: t.output(all) }
    }
    const { t, out } = make(isSpread ? loopbackCluster(() => make().t.ssc, { mostSent: 0 }) : undefined)
    await t.run(batches)
    startMs = t.ssc.engine!.ticker.nextMs - 1000
    if (cut) {
      await t.crash()
      storage = storage.crash()
    } else await t.ssc.stop({ gracefully: false })
    for (const [i, time] of out.times.entries()) seen.set(time as unknown as number, out.batches[i])
  }
  return [...seen]
}

test('a checkpoint goes on in the next life, after any end', () => {
  const life = fc.record({ batches: fc.integer({ min: 1, max: 3 }), cut: fc.boolean() })
  return fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 2, maxLength: 4 }), async (lives) => {
      const batches = lives.reduce((sum, one) => sum + one.batches, 0)
      const plain = await live([{ batches, cut: false }], false)
      expect(await live(lives, true)).toStrictEqual(plain)
    }),
    { numRuns: 15 },
  )
})
