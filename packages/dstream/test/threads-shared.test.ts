import { Seconds, type DStream } from 'dstream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WorkerFrame } from '../src/engine/stages/frames.js'
import { add, byDigit, byName, many, mapSides, runAll, type DefineAll, type Options, type Rows } from './threads-run.js'

// Streams that several operators read: workers evaluate them once, and combine them for the map sides among the readers.

const parts = (n: number) => [n % 5, n % 3]

type Shared = (numbers: DStream<number>) => DStream<number>
type Reader = (numbers: DStream<number>) => DStream<unknown>

/** Streams of narrow steps. */
const streams: Record<string, Shared> = {
  map: (s) => s.map((n) => n * 3),
  flatMap: (s) => s.flatMap(parts),
  'filter and map': (s) => s.filter((n) => n % 4 !== 1).map((n) => n / 7),
  'a union': (s) => s.map((n) => n + 1).union(s.filter((n) => n % 2 === 0)),
  'a stream above another one that is read twice': (s) => {
    const shared = s.map((n) => n + 2)
    return shared.map(add.bind(undefined, 1)).union(shared)
  },
}

/** Map sides right behind the stream, which ride along with it. */
const riders: Record<string, Reader> = {
  countByValue: (s) => s.countByValue(),
  reduceByKey: (s) => s.mapToPair(byName).reduceByKey(add),
  groupByKey: (s) => s.mapToPair(byDigit).mapValues(Math.sqrt).groupByKey(),
  'reduceByKey in two parts': (s) => s.mapToPair(byDigit).reduceByKey(add, { numPartitions: 2 }),
  ...mapSides,
}

/** Readers that need the records themselves. */
const others: Record<string, Reader> = {
  'the records': (s) => s,
  count: (s) => s.count(),
  window: (s) => s.window(Seconds(2), Seconds(1)).count(),
  'a key of a window': (s) => s.window(Seconds(2), Seconds(1)).mapToPair(byName).reduceByKey(add),
  top: (s) => s.top(3),
  transform: (s) => s.transform((rdd) => rdd.map((n) => n + 1)),
  mapPartitions: (s) => s.mapPartitions((all) => [...all].slice(1)),
  join: (s) => s.mapToPair(byDigit).join(s.mapToPair(byDigit).reduceByKey(add)),
}
const readers = { ...riders, ...others }

/** Defines a stream that all of these readers read. */
const sharedBy =
  (stream: Shared, names: readonly string[]): DefineAll =>
  (s) => {
    const shared = stream(s)
    return Object.fromEntries(names.map((name, i) => [`${name} ${i}`, readers[name]!(shared)]))
  }

/** Defines a stream with readers, and above it others that have readers of their own. */
const inLevels =
  (levels: readonly (readonly [Shared, readonly string[]])[]): DefineAll =>
  (s) => {
    let shared = s
    const all: Record<string, DStream<unknown>> = {}
    for (const [level, [stream, names]] of levels.entries()) {
      shared = stream(shared)
      for (const [i, name] of names.entries()) all[`${name} ${i} of ${level}`] = readers[name]!(shared)
    }
    return all
  }

/** Runs with replies of workers that are noted. */
async function noted(rows: Rows, define: DefineAll, threads: number, options: Options = {}) {
  const frames: Extract<WorkerFrame, { readonly type: 'kept' }>[] = []
  const seen = (frame: WorkerFrame): void => void (frame.type === 'kept' && frames.push(frame))
  return { ...(await runAll(rows, define, threads, { ...options, seen })), frames }
}

describe('a stream with several readers gives the same on any number of threads', () => {
  const names = Object.keys(readers)
  test.each(names.map((name, i) => [name, names[(i + 3) % names.length]!]))('%s and %s', async (...pair) => {
    const define = sharedBy(streams['filter and map']!, pair)
    const [one, two, three] = await Promise.all(
      [1, 2, 3].map((threads) => noted([many, many.slice(1), []], define, threads)),
    )
    expect(two!.batches).toStrictEqual(one!.batches)
    expect(three!.batches).toStrictEqual(one!.batches)
    expect([one!.frames.length, one!.tasks.onWorkers]).toEqual([0, 0])
    expect(two!.frames.length).toBeGreaterThan(0)
    expect(two!.tasks.repeated).toBe(0)
    expect(two!.errors).toEqual([])
  })

  test('a window that has evaluated the records first leaves sums of fractions as they are', async () => {
    const define: DefineAll = (s) => {
      const words = s.flatMap(parts)
      const sums = words.map((n) => n / 49).mapToPair((n): [string, number] => ['sum', n])
      return { window: words.window(Seconds(2), Seconds(1)).count(), sum: sums.reduceByKey(add) }
    }
    const rows = [[-2978364683343145, -18377086, 0, -2.6585383140942354e36]]
    const [one, two] = [await runAll(rows, define, 1), await runAll(rows, define, 2)]
    expect(two.batches).toStrictEqual(one.batches)
    expect([one.tasks.onMainThread, two.tasks.onMainThread]).toEqual([4, 4])
  })

  test('random readers of random streams', async () => {
    const record = fc.oneof(fc.integer(), fc.double())
    const rows = fc.array(fc.array(record, { maxLength: 60 }), { minLength: 1, maxLength: 3 })
    const chosen = fc.array(fc.constantFrom(...names), { minLength: 2, maxLength: 5 })
    const stream = fc.constantFrom(...Object.values(streams))
    await fc.assert(
      fc.asyncProperty(rows, stream, chosen, fc.integer({ min: 1, max: 5 }), fc.boolean(), async (...args) => {
        const [batches, shared, readBy, numPartitions, isOne] = args
        const half = Math.ceil(readBy.length / 2)
        const above: [Shared, string[]] = [streams['filter and map']!, readBy.slice(half)]
        const define = inLevels(isOne ? [[shared, readBy]] : [[shared, readBy.slice(0, half)], above, above])
        const one = await runAll(batches, define, 1, { numPartitions })
        const two = await runAll(batches, define, 3, { numPartitions })
        expect({ ...two, tasks: undefined, started: 0 }).toStrictEqual({ ...one, tasks: undefined, started: 0 })
      }),
      { numRuns: 40 },
    )
  })
})

test('the first program of the README runs in workers: its words, and what is combined of them', async () => {
  const program: DefineAll = (s) => {
    const words = s.flatMap(parts)
    return {
      counts: words.countByValue(),
      top: words
        .mapToPair((n): [number, number] => [n, 1])
        .runningReduceByKey(add)
        .top(2),
      window: words.window(Seconds(2), Seconds(1)).count(),
    }
  }
  const two = await noted([many, many], program, 2)
  const one = await noted([many, many], program, 1)
  expect(two.batches).toStrictEqual(one.batches)
  expect(two.frames.length).toBeGreaterThan(0)
  expect(two.frames.every(({ readers, chunks }) => readers.length === 2 && chunks !== undefined)).toBe(true)
  // One task of the words a partition, and with it those of the two map sides.
  expect(two.tasks.onMainThread + two.tasks.onWorkers).toBe(2 * 4 * 3)
  expect(two.tasks.onWorkers).toBe(two.frames.length * 3)
})

describe('the records come back where a reader needs them', () => {
  test.each<[string, readonly string[], boolean]>([
    ['map sides alone', ['countByValue', 'reduceByKey'], false],
    ['states', ['runningReduceByKey', 'updateStateByKey'], false],
    ['a map side and the records', ['countByValue', 'the records'], true],
    ['a map side and a window', ['countByValue', 'window'], true],
    ['a map side and a transform', ['countByValue', 'transform'], true],
  ])('%s', async (_, names, areBack) => {
    const { frames } = await noted([many], sharedBy(streams['map']!, names), 3)
    expect(frames.length).toBeGreaterThan(0)
    expect(frames.map(({ chunks }) => chunks !== undefined)).toEqual(frames.map(() => areBack))
  })
})

describe('a stream with several readers above another one', () => {
  const levels = (...names: readonly (readonly string[])[]) =>
    inLevels(names.map((readBy) => [streams['map']!, readBy] as const))

  test.each<[string, DefineAll, boolean, boolean]>([
    ['map sides', levels(['countByValue'], ['reduceByKey', 'runningReduceByKey']), false, false],
    ['the records of the upper one', levels(['countByValue'], ['reduceByKey', 'count']), false, true],
    ['the records of the lower one', levels(['count'], ['reduceByKey', 'updateStateByKey']), true, false],
    ['a window of the lower one', levels(['window', 'distinct'], ['reduceByKey', 'groupByKey']), true, false],
    ['a window of the upper one', levels(['distinct'], ['window', 'groupByKey']), false, true],
  ])('rides along with it: %s', async (_, define, lower, upper) => {
    const [one, two] = [await noted([many, many], define, 1), await noted([many, many], define, 2)]
    expect(two.batches).toStrictEqual(one.batches)
    expect(two.frames.length).toBeGreaterThan(0)
    for (const { chunks, readers } of two.frames) {
      const above = readers.find((reader) => 'readers' in reader)!
      expect([chunks !== undefined, above.chunks !== undefined]).toEqual([lower, upper])
    }
    expect(two.tasks.repeated).toBe(0)
  })

  test('three of them, each function called once a record', async () => {
    const calls: number[] = []
    const note = (n: number): number => (calls.push(n), n)
    const define = inLevels([1, 2, 3].map(() => [(s) => s.map((n) => note(n)), ['countByValue', 'reduceByKey']]))
    const one = await noted([many, many], define, 1)
    const called = calls.splice(0).length
    const two = await noted([many, many], define, 3)
    expect(two.batches).toStrictEqual(one.batches)
    expect(calls).toHaveLength(called)
    expect(two.frames.length).toBeGreaterThan(0)
  })

  test('a failure of the upper one leaves the lower one alone', async () => {
    const picky = (n: number): number => {
      if (n % 100 === 3) throw new RangeError(`no ${n}`)
      return n
    }
    const define = inLevels([
      [(s) => s.map((n) => n + 1), ['countByValue', 'reduceByKey']],
      [(s) => s.map(picky), ['distinct', 'groupByKey']],
    ])
    const [one, two] = [await noted([many], define, 1), await noted([many], define, 2)]
    expect(two.batches).toStrictEqual(one.batches)
    expect(two.errors).toEqual(one.errors)
    const skipped = await Promise.all([1, 2].map((n) => noted([many, many], define, n, { onRecordError: 'skip' })))
    expect(skipped[1]!.batches).toStrictEqual(skipped[0]!.batches)
    expect(skipped[1]!.skippedRecords).toEqual(skipped[0]!.skippedRecords)
  })
})

describe('each function is called once a record', () => {
  test.each(Object.entries(streams).slice(0, 3))('%s', async (_, stream) => {
    const calls: number[] = []
    const note = (n: number): number => (calls.push(n), n)
    const define: DefineAll = (s) => {
      const shared = stream(s).map((n) => note(n))
      return { counts: shared.countByValue(), sums: shared.mapToPair(byName).reduceByKey(add), all: shared }
    }
    const { batches } = await runAll([many, many], define, 3)
    expect(calls).toHaveLength(batches['all']!.flat().length)
    expect(calls.length).toBeGreaterThan(100)
  })
})

describe('a failure', () => {
  const picky = (n: number): number => {
    if (n % 100 === 3) throw new RangeError(`no ${n}`)
    return n
  }
  const inReader: DefineAll = (s) => {
    const shared = s.map((n) => n + 1)
    return { picky: shared.map(picky).countByValue(), sums: shared.mapToPair(byName).reduceByKey(add) }
  }
  const inStream: DefineAll = (s) => {
    const shared = s.map(picky)
    return { counts: shared.countByValue(), sums: shared.mapToPair(byName).reduceByKey(add) }
  }

  test.each([
    ['of a reader', inReader],
    ['of the stream', inStream],
  ])('%s leaves the same records out', async (_, define) => {
    const one = await runAll([many, many], define, 1, { onRecordError: 'skip' })
    const two = await runAll([many, many], define, 2, { onRecordError: 'skip' })
    expect(two.batches).toStrictEqual(one.batches)
    expect(two.skippedRecords).toEqual(one.skippedRecords)
    expect(Object.values(one.skippedRecords).some((n) => n > 0)).toBe(true)
  })

  test.each([
    ['of a reader fails that reader alone', inReader, ['sums']],
    ['of the stream fails all of its readers', inStream, []],
  ])('%s', async (_, define, whole) => {
    const one = await runAll([many], define, 1)
    const two = await runAll([many], define, 2)
    expect(one.error).toBeInstanceOf(Error)
    expect(String(two.error)).toBe(String(one.error))
    expect(two.errors).toEqual(one.errors)
    expect(two.batches).toStrictEqual(one.batches)
    expect(Object.keys(two.batches).filter((name) => two.batches[name]!.length > 0)).toEqual(whole)
  })

  test.each<[string, (s: DStream<number>, t: Parameters<DefineAll>[1]) => DStream<number>]>([
    [
      'an accumulator in a reader',
      (s, t) => {
        const sum = t.ssc.sc.longAccumulator('sum')
        return s.map((n) => (sum.add(1), n)).transform((rdd) => rdd.map((n) => n))
      },
    ],
    ['records of a reader that cannot be encoded', (s) => s.map((n) => () => n).map((f) => f())],
  ])('%s does not matter to the other ones', async (_, define) => {
    const all: DefineAll = (s, t) => {
      const shared = s.map((n) => n + 1)
      return { sums: shared.mapToPair(byName).reduceByKey(add), other: define(shared, t).countByValue() }
    }
    const [one, two] = [await noted([many, many], all, 1), await noted([many, many], all, 2)]
    expect(two.batches).toStrictEqual(one.batches)
    expect(two.frames.length).toBeGreaterThan(0)
  })

  test('an accumulator in a map side: it is done here, and the one beside it in workers', async () => {
    const all: DefineAll = (s, t) => {
      const sum = t.ssc.sc.longAccumulator('sum')
      const shared = s.map((n) => n + 1)
      return {
        counted: shared.map((n) => (sum.add(1), n)).countByValue(),
        sums: shared.mapToPair(byName).reduceByKey(add),
        total: s.count().transform((rdd) => rdd.map(() => sum.value)),
      }
    }
    const [one, two] = [await noted([many, many], all, 1), await noted([many, many], all, 2)]
    expect(two.batches).toStrictEqual(one.batches)
    expect(two.frames.at(-1)!.readers).toHaveLength(1)
  })

  test('records that cannot be encoded are made here', async () => {
    const all: DefineAll = (s) => {
      const shared = s.map((n) => () => n)
      return { one: shared.map((f) => f()).count(), two: shared.map((f) => f() + 1).top(2) }
    }
    const [one, two] = [await noted([many], all, 1), await noted([many], all, 2)]
    expect(two.batches).toStrictEqual(one.batches)
    expect(two.frames).toEqual([])
  })

  test('a map side that an output before has left is not combined', async () => {
    const calls: number[] = []
    const note = (n: number): number => (calls.push(n), n)
    const all: DefineAll = (s) => {
      const shared = s.map((n) => n + 1)
      const left = shared.map((n) => note(n)).countByValue()
      left.foreachRDD((rdd, time) => void (time.milliseconds < 0 && rdd.count()))
      return { sums: shared.mapToPair(byName).reduceByKey(add) }
    }
    const two = await noted([many, many], all, 2)
    expect(two.frames.length).toBeGreaterThan(0)
    expect(calls).toEqual([])
  })

  test('a worker that dies is replaced, and its partitions are made again', async () => {
    let deaths = 0
    const dies = (frame: { readonly type: string }) => frame.type === 'task' && ++deaths === 2
    const define = sharedBy(streams['flatMap']!, ['countByValue', 'runningReduceByKey', 'window'])
    const one = await runAll([many, many, many], define, 1)
    const two = await runAll([many, many, many], define, 2, { endsBefore: dies })
    expect(two.batches).toStrictEqual(one.batches)
    expect(two.started).toBe(2)
    expect(two.tasks.repeated).toBeGreaterThan(0)
  })
})
