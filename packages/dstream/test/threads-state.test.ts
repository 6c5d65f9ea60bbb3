import { HashPartitioner, Seconds, Time, type State } from 'dstream'
import { memoryStorage, type MemoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WorkerFrame } from '../src/engine/stages/frames.js'
import { loopbackWorkers } from './loopback-workers.js'
import { add, byDigit, byName, follow, many, runAll, type DefineAll, type Options, type Rows } from './threads-run.js'
import { faulty, type Fault } from './worker-faults.js'

// States whose partitions are updated by workers, each of which keeps copies of its partitions.

const numPartitions = 4
const byPair = (n: number): [[number, string], number] => [[Math.abs(n) % 5, `${n % 3}`], n]

/** Adds up; a negative value drops the key, and a key without values for a batch in which its sum is even too. */
function sumOrDrop(values: readonly number[], sum: number | undefined): number | undefined {
  if (values.some((n) => n < 0) || (values.length === 0 && (sum ?? 0) % 2 === 0)) return undefined
  return values.reduce(add, sum ?? 0)
}

/** Changes the state that it is given, and returns it. */
function change(values: number[], state: { sum: number; calls: number } | undefined) {
  const next = state ?? { sum: 0, calls: 0 }
  next.calls++
  next.sum += values.reduce(add, 0) / 7
  return next
}

const oddEven = { numPartitions: 3, getPartition: (key: unknown) => (String(key).length + Number(key === 'n1')) % 3 }

type Stateful = DefineAll

const states: Readonly<Record<string, Stateful>> = {
  updateStateByKey: (s) => ({ all: s.mapToPair(byName).updateStateByKey(sumOrDrop, { numPartitions }) }),
  'compound keys': (s) => ({ all: s.mapToPair(byPair).updateStateByKey(sumOrDrop, { numPartitions }) }),
  'a state that is changed in place': (s) => ({
    all: s.mapToPair(byDigit).updateStateByKey(change, { numPartitions }),
  }),
  'initial states': (s) => ({
    all: s.mapToPair(byDigit).updateStateByKey(sumOrDrop, {
      numPartitions,
      initialState: new Map([
        [3, 5],
        [77, 1],
      ]),
    }),
  }),
  'a partitioner of the user': (s) => ({
    all: s.mapToPair(byName).updateStateByKey(sumOrDrop, { partitioner: oddEven }),
  }),
  'a window of states': (s) => {
    const all = s.mapToPair(byDigit).updateStateByKey(sumOrDrop, { numPartitions: 2 })
    return { window: all.window(Seconds(2), Seconds(1)), count: all.count(), joined: all.join(s.mapToPair(byDigit)) }
  },
  mapWithState: (s) => {
    const mapped = s.mapToPair(byName).mapWithState(follow, { numPartitions })
    return { mapped, all: mapped.stateSnapshots() }
  },
  'mapWithState with a timeout': (s) => {
    const mapped = s.mapToPair(byDigit).mapWithState(follow, { numPartitions, timeout: Seconds(2) })
    return { mapped, all: mapped.stateSnapshots() }
  },
  'mapWithState with a partitioner and initial states': (s) => {
    const mapped = s.mapToPair(byDigit).mapWithState(follow, {
      partitioner: new HashPartitioner(3),
      timeout: Seconds(1),
      initialState: [[4, { count: 9, last: [] }] as const],
    })
    return { mapped, all: mapped.stateSnapshots() }
  },
}

/** Runs streams, with the replies of workers that are noted. */
async function run(rows: Rows, define: Stateful, threads: number | undefined, options: Options = {}) {
  const replies: WorkerFrame['type'][] = []
  const seen = (frame: WorkerFrame): void => void replies.push(frame.type)
  const ended = await runAll(rows, define, threads, { leastBytes: 0, ...options, seen })
  const times = (type: WorkerFrame['type']): number => replies.filter((reply) => reply === type).length
  return { ...ended, updated: times('updated'), wanting: times('wanting'), failed: times('failed') }
}

const rows: Rows = [many.slice(0, 90), many.slice(60, 70), [], [-1, -12, 3, 4, 5, ...many.slice(0, 9)], [], [], many]

describe('states are the same on any number of threads', () => {
  test.each(Object.entries(states))('%s', async (_, define) => {
    const [none, one, two, three] = [
      await run(rows, define, undefined),
      await run(rows, define, 1),
      await run(rows, define, 2),
      await run(rows, define, 3),
    ]
    expect(none.errors).toEqual([])
    for (const { batches } of [one, two, three]) expect(batches).toStrictEqual(none.batches)
    expect(Object.values(none.batches)[0]!.flat().length).toBeGreaterThan(0)
    expect(two.updated).toBeGreaterThan(3)
    // Each worker goes on with its copies.
    expect([two.wanting, two.failed, two.tasks.repeated, three.wanting]).toEqual([0, 0, 0, 0])
  })
})

const records = fc.oneof(fc.integer({ min: -5, max: 60 }), fc.double({ noNaN: true, min: 0, max: 9 }))
const randomRows = fc.array(fc.array(records, { maxLength: 40 }), { minLength: 1, maxLength: 8 })
const randomFaults = fc.array(fc.constantFrom<Fault>('none', 'none', 'none', 'lost', 'failed', 'ended'), {
  maxLength: 12,
})
const anyState = fc.constantFrom(...Object.values(states))
/** A window that is restored has its records in another order of partitions, on one thread too. */
const anyTable = fc.constantFrom(
  ...Object.entries(states).flatMap(([name, f]) => (name === 'a window of states' ? [] : [f])),
)

describe('faults change nothing', () => {
  test('random batches, with copies that are lost, tasks that fail and workers that end', async () => {
    const sums = { updated: 0, wanting: 0, repeated: 0 }
    await fc.assert(
      fc.asyncProperty(randomRows, anyState, randomFaults, fc.integer({ min: 2, max: 4 }), async (...args) => {
        const [batches, define, faults, threads] = args
        const plain = await run(batches, define, undefined)
        const spread = await run(batches, define, threads, faulty(faults))
        expect(spread.batches).toStrictEqual(plain.batches)
        expect(spread.errors).toEqual([])
        sums.updated += spread.updated
        sums.wanting += spread.wanting
        sums.repeated += spread.tasks.repeated
      }),
      { numRuns: 60 },
    )
    expect(Math.min(...Object.values(sums))).toBeGreaterThan(10)
  })

  test.each<[Fault, keyof Awaited<ReturnType<typeof run>>]>([
    ['lost', 'wanting'],
    ['failed', 'updated'],
    ['ended', 'started'],
  ])('every third task: %s', async (fault, count) => {
    let faults = 0
    for (const define of Object.values(states)) {
      const plain = await run(rows, define, undefined)
      const spread = await run(rows, define, 3, faulty(['none', 'none', fault]))
      expect(spread.batches).toStrictEqual(plain.batches)
      faults += Number(spread[count])
      if (fault !== 'lost') expect(spread.tasks.repeated).toBeGreaterThan(0)
    }
    expect(faults).toBeGreaterThan(20)
  })
})

const picky = (n: number): number => {
  if (n % 10 === 7) throw new RangeError(`no ${n}`)
  return n
}
const pickyStates: Readonly<Record<string, Stateful>> = {
  updateStateByKey: (s) => ({
    all: s
      .mapToPair(byName)
      .updateStateByKey((values: number[], sum: number | undefined) => values.map(picky).reduce(add, sum ?? 0), {
        numPartitions,
      }),
  }),
  mapWithState: (s) => {
    const mapped = s.mapToPair(byName).mapWithState(
      (key, n, state: State<number>) => {
        if (state.isTimingOut()) return [key, picky(state.get())]
        state.update((state.getOption() ?? 0) + picky(n!))
        return [key, state.get()]
      },
      { numPartitions, timeout: Seconds(1) },
    )
    return { mapped, all: mapped.stateSnapshots() }
  },
}

describe('a state function that throws', () => {
  test.each(Object.entries(pickyStates))('leaves the same records out: %s', async (_, define) => {
    const plain = await run(rows, define, undefined, { onRecordError: 'skip' })
    const spread = await run(rows, define, 3, { onRecordError: 'skip' })
    expect(spread.batches).toStrictEqual(plain.batches)
    expect(spread.skippedRecords).toEqual(plain.skippedRecords)
    expect(Object.values(plain.skippedRecords).some((n) => n > 0)).toBe(true)
    expect(spread.failed).toBeGreaterThan(0)
    expect(spread.updated).toBeGreaterThan(0)
  })

  test.each(Object.entries(pickyStates))('fails the same batch: %s', async (_, define) => {
    const plain = await run(rows, define, undefined)
    const spread = await run(rows, define, 3)
    expect(plain.error).toBeInstanceOf(Error)
    expect(String(spread.error)).toBe(String(plain.error))
    expect(spread.errors).toEqual(plain.errors)
    expect(spread.batches).toStrictEqual(plain.batches)
  })

  let trips = 0
  const trip = (): void => {
    if (trips > 0 && trips-- < 6) throw new RangeError('away')
  }
  const tripping: Stateful = (s) => {
    const mapped = s.mapToPair(byName).mapWithState(
      (key, n, state: State<number>) => {
        trip()
        state.update((state.getOption() ?? 0) + (n ?? 0))
        return [key, state.get()]
      },
      { numPartitions, timeout: Seconds(2) },
    )
    return { mapped, all: mapped.stateSnapshots() }
  }
  // Its outputs are given up, and the states go on from it with the next batch.
  test.each([12, 40, 90, 95, 100, 105, 110, 130])(
    'a batch that is rolled back passes later: from call %i',
    async (n) => {
      const longer = [...rows, ...rows, ...rows]
      const plain = await run(longer, tripping, undefined)
      trips = n + 5
      const spread = await run(longer, tripping, 3, { onFailure: 'skip' })
      expect(trips).toBe(0)
      expect(spread.errors.length).toBeGreaterThan(0)
      expect(spread.batches['all']!.at(-1)).toStrictEqual(plain.batches['all']!.at(-1))
      expect(spread.batches['mapped']!.at(-1)).toStrictEqual(plain.batches['mapped']!.at(-1))
      expect(spread.updated).toBeGreaterThan(10)
    },
  )
})

describe('what cannot be sent stays here', () => {
  class Point {
    constructor(readonly x: number) {}
  }

  test('an emitted record that is an instance of a class', async () => {
    const define: Stateful = (s) => ({
      points: s.mapToPair(byDigit).mapWithState((_, n, state: State<number>) => {
        state.update(n!)
        return new Point(n!)
      }, { numPartitions }), // prettier-ignore
    })
    const [plain, spread] = [await run(rows, define, undefined), await run(rows, define, 3)]
    expect(spread.batches).toStrictEqual(plain.batches)
    expect([spread.updated, spread.failed > 0]).toEqual([0, true])
  })

  test.each<[string, Stateful]>([
    [
      'a function that changes a variable outside',
      (s) => {
        let calls = 0
        return {
          all: s.mapToPair(byDigit).updateStateByKey((v: number[]) => v.length + calls++ * 0, { numPartitions }),
        }
      },
    ],
    ['a single partition', (s) => ({ all: s.mapToPair(byDigit).updateStateByKey(sumOrDrop) })],
    [
      'states of whole partitions',
      (s) => ({
        all: s
          .mapToPair(byDigit)
          .updateStateByPartition<number, number>((all) => [...all].map(([k, v, n = 0]) => [k, v.reduce(add, n)]), {
            numPartitions,
          }),
      }),
    ],
  ])('%s', async (_, define) => {
    const [plain, spread] = [await run(rows, define, undefined), await run(rows, define, 3)]
    expect(spread.batches).toStrictEqual(plain.batches)
    expect([spread.updated, spread.failed]).toEqual([0, 0])
  })
})

test('additions to an accumulator count once', async () => {
  const counted = async (threads: number | undefined, options: Options = {}) => {
    const sums: number[] = []
    const define: Stateful = (s, t) => {
      const sum = t.ssc.sc.longAccumulator('sum')
      const note = (n: number): void => sum.add(n)
      const all = s.mapToPair(byDigit).updateStateByKey(
        (values: number[], n: number | undefined) => {
          values.forEach((value) => note(Math.round(value)))
          return values.length + (n ?? 0)
        },
        { numPartitions },
      )
      all.foreachRDD(async (rdd) => void ((await rdd.count()) > 0 && sums.push(sum.value)))
      return { all }
    }
    const { updated } = await run(rows, define, threads, options)
    return { sums, updated }
  }
  const plain = await counted(undefined)
  const spread = await counted(3, faulty(['none', 'failed', 'none', 'lost']))
  expect(spread.updated).toBeGreaterThan(0)
  expect(spread.sums).toEqual(plain.sums)
})

/** Runs lives on one checkpoint, each on a number of threads; a life that is cut goes on with the batch that it has not committed. */
async function live(
  lives: readonly { readonly threads: number; readonly batches: number; readonly cut: boolean }[],
  define: Stateful,
  input: Rows,
) {
  let storage: MemoryStorage = memoryStorage()
  let startMs = 0
  const seen = new Map<string, unknown>()
  for (const { threads, batches, cut } of lives) {
    const make = (workers?: ReturnType<typeof loopbackWorkers>) => {
      const startTime = new Time(startMs)
      const options = { batchInterval: Seconds(1), threads, storage, startTime, missedBatches: 'run' as const }
      const t = new TestContext(options, { firstMs: 1000, ...(workers && { workers }) })
      return { t, outs: Object.entries(define(t.input(input, { numPartitions: 3 }), t)).map(([name, s]) => [name, t.output(s)] as const) } // prettier-ignore
    }
    const { t, outs } = make(loopbackWorkers(() => make().t.ssc, { leastBytes: 0 }))
    await t.run(batches)
    startMs = t.ssc.engine!.ticker.nextMs - 1000
    if (cut) {
      await t.crash()
      storage = storage.crash()
    } else await t.ssc.stop({ gracefully: false })
    for (const [name, { times, batches: made }] of outs) {
      for (const [i, time] of times.entries()) seen.set(`${name} ${time}`, made[i])
    }
  }
  return Object.fromEntries(seen)
}

test('a checkpoint goes from any number of threads to any other, after any end', () => {
  const life = fc.record({
    threads: fc.integer({ min: 1, max: 3 }),
    batches: fc.integer({ min: 1, max: 3 }),
    cut: fc.boolean(),
  })
  return fc.assert(
    fc.asyncProperty(
      fc.array(life, { minLength: 2, maxLength: 4 }),
      anyTable,
      randomRows,
      async (lives, define, input) => {
        const batches = lives.reduce((sum, one) => sum + one.batches, 0)
        const plain = await live([{ threads: 1, batches, cut: false }], define, input)
        expect(await live(lives, define, input)).toStrictEqual(plain)
      },
    ),
    { numRuns: 40 },
  )
})
