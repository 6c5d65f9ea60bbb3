import { describe, expect, test } from 'vitest'
import {
  HashPartitioner,
  Milliseconds,
  Minutes,
  Seconds,
  StateSpec,
  Time,
  type DStream,
  type State,
} from '../../src/index.js'
import { runBatches, TestContext } from '../../src/testing/index.js'

// What the suites of Spark Streaming look at, batches in and batches out: one line per case, our own data.

type Row<T> = readonly T[] | null
type Pair = readonly [string, number]
function add(a: number, b: number): number {
  return a + b
}
function subtract(a: number, b: number): number {
  return a - b
}
/** Spark compares most of these as sets. */
function sorted(batches: readonly (readonly unknown[])[]): unknown[][] {
  return batches.map((batch) => [...batch].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)))
}

type Case = readonly [name: string, actual: () => Promise<unknown[][]>, expected: unknown[][]]
function cases(table: readonly Case[]): void {
  test.each(table)('%s', async (_, actual, expected) => {
    expect(sorted(await actual())).toEqual(sorted(expected))
  })
}
function run<T, U>(rows: readonly Row<T>[], f: (s: DStream<T>) => DStream<U>, batches?: number): Promise<U[][]> {
  return runBatches(rows, f, { numPartitions: 2, ...(batches === undefined ? {} : { run: batches }) })
}
function runPairs<U>(
  rows: readonly Row<Pair>[],
  f: (s: DStream<[string, number]>) => DStream<U>,
  batches?: number,
): Promise<U[][]> {
  return runBatches<string, number, U>(rows, f, { numPartitions: 2, ...(batches && { run: batches }) })
}

describe('BasicOperationsSuite', () => {
  const rows = [[1, 2, 3, 4], [5, 6], [], [9]]
  const words = [['a', 'b', 'a'], ['c'], []]
  cases([
    ['map', () => run(rows, (s) => s.map(String)), [['1', '2', '3', '4'], ['5', '6'], [], ['9']]],
    ['flatMap', () => run(rows, (s) => s.flatMap((x) => [x, x * 2])), [[1, 2, 2, 4, 3, 6, 4, 8], [5, 10, 6, 12], [], [9, 18]]], // prettier-ignore
    ['filter', () => run(rows, (s) => s.filter((x) => x % 2 === 0)), [[2, 4], [6], [], []]],
    ['glom, as many as partitions', () => run([[1, 2, 3, 4], [5, 6]], (s) => s.glom().map((part) => part.length)), [[2, 2], [1, 1]]], // prettier-ignore
    ['mapPartitions', () => run(rows, (s) => s.mapPartitions((part) => [[...part].reduce(add, 0)])), [[3, 7], [5, 6], [0, 0], [0, 9]]], // prettier-ignore
    ['repartition to more', () => run([[1, 2, 3, 4]], (s) => s.repartition(8).glom().map((part) => part.length)), [[0, 0, 0, 0, 1, 1, 1, 1]]], // prettier-ignore
    ['repartition to one', () => run([[1, 2, 3, 4]], (s) => s.repartition(1).glom()), [[[1, 2, 3, 4]]]],
    ['reduce', () => run(rows, (s) => s.reduce(add)), [[10], [11], [], [9]]],
    ['count', () => run(rows, (s) => s.count()), [[4], [2], [0], [1]]],
    ['countByValue', () => run(words, (s) => s.countByValue()), [[['a', 2], ['b', 1]], [['c', 1]], []]], // prettier-ignore
    ['mapValues', () => run(words, (s) => s.mapToPair((w) => [w, 1]).reduceByKey(add).mapValues((n) => n + 10)), [[['a', 12], ['b', 11]], [['c', 11]], []]], // prettier-ignore
    ['flatMapValues', () => run(words, (s) => s.mapToPair((w) => [w, 1]).reduceByKey(add).flatMapValues((n) => [n, n + 10])), [[['a', 2], ['a', 12], ['b', 1], ['b', 11]], [['c', 1], ['c', 11]], []]], // prettier-ignore
    [
      'union',
      () => run([[1, 2], [5]], (s) => s.union(s.map((x) => x + 10))),
      [
        [1, 2, 11, 12],
        [5, 15],
      ],
    ],
    ['union of three', () => run([[1]], (s) => s.context.union([s, s.map((x) => x * 10), s.map((x) => x * 100)])), [[1, 10, 100]]], // prettier-ignore
    ['transform', () => run(rows, (s) => s.transform((rdd) => rdd.map((x) => x + 1))), [[2, 3, 4, 5], [6, 7], [], [10]]], // prettier-ignore
    ['transform is given the time', () => run([[1], [1]], (s) => s.transform((rdd, time) => rdd.map(() => time.milliseconds))), [[1000], [2000]]], // prettier-ignore
    ['transformWith', () => run([['a', 'b'], ['a', '']], (s) => s.mapToPair((w) => [w, 1]).transformWith(s.mapToPair((w) => [w, 'x']), (a, b) => a.join(b))), [[['a', [1, 'x']], ['b', [1, 'x']]], [['a', [1, 'x']], ['', [1, 'x']]]]], // prettier-ignore
    ['transform of several streams', () => run([[1], [2]], (s) => s.context.transform([s, s.map((x) => x * 10)], ([a, b]) => a.union(b))), [[1, 10], [2, 20]]], // prettier-ignore
    ['groupByKey', () => run(words, (s) => s.mapToPair((w) => [w, 1]).groupByKey()), [[['a', [1, 1]], ['b', [1]]], [['c', [1]]], []]], // prettier-ignore
    ['combineByKey', () => run(words, (s) => s.mapToPair((w) => [w, 1]).combineByKey((n) => n, add, add)), [[['a', 2], ['b', 1]], [['c', 1]], []]], // prettier-ignore
    ['cogroup', () => run([['a', 'a', 'b'], ['a', ''], ['']], (s) => s.mapToPair((w) => [w, 1]).cogroup(s.mapToPair((w) => [w, 'x']))), [[['a', [[1, 1], ['x', 'x']]], ['b', [[1], ['x']]]], [['a', [[1], ['x']]], ['', [[1], ['x']]]], [['', [[1], ['x']]]]]], // prettier-ignore
    ['mapPartitionsWithIndex', () => run([[1, 2]], (s) => s.mapPartitionsWithIndex((i, part) => [...part].map((x) => `${i}:${x}`))), [['0:1', '1:2']]], // prettier-ignore
    ['a flatMap that gives nothing', () => run(rows, (s) => s.flatMap(() => [] as number[])), [[], [], [], []]],
    ['a reduce above a filter that keeps nothing', () => run(rows, (s) => s.filter(() => false).reduce(add)), [[], [], [], []]], // prettier-ignore
    ['a count after a missing batch', () => run([[1], null, [1]], (s) => s.count()), [[1], [1]]],
  ])

  test('a union whose parent has no batch fails, as Spark does', async () => {
    await expect(run([[1], null], (s) => s.union(s.map((x) => x * 10)))).rejects.toMatchObject({
      code: 'no-parent-rdd',
      message: expect.stringContaining('Could not generate RDD from a parent for unifying at time 2000 ms'),
    })
  })

  const states = [['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b'], ['a'], []]
  const totals = [[['a', 1]], [['a', 2], ['b', 1]], [['a', 3], ['b', 2], ['c', 1]], [['a', 4], ['b', 3], ['c', 1]], [['a', 5], ['b', 3], ['c', 1]], [['a', 5], ['b', 3], ['c', 1]]] // prettier-ignore
  const running = (values: number[], state?: number): number => values.reduce(add, state ?? 0)
  cases([
    ['updateStateByKey', () => run(states, (s) => s.mapToPair((w) => [w, 1]).updateStateByKey(running)), totals],
    ['with a partitioner', () => run(states, (s) => s.mapToPair((w) => [w, 1]).updateStateByKey(running, { partitioner: new HashPartitioner(3) })), totals], // prettier-ignore
    ['with initial states', () => run([['a'], ['b'], []], (s) => s.mapToPair((w) => [w, 1]).updateStateByKey(running, { initialState: [['a', 1], ['c', 2]] })), [[['a', 2], ['c', 2]], [['a', 2], ['b', 1], ['c', 2]], [['a', 2], ['b', 1], ['c', 2]]]], // prettier-ignore
    ['with the time', () => run([['a'], ['a']], (s) => s.mapToPair((w) => [w, 1]).updateStateByKey((_, state: number | undefined, __, time) => (state ?? 0) + time.milliseconds)), [[['a', 1000]], [['a', 3000]]]], // prettier-ignore
    ['drops a key whose update gives undefined', () => run([['a', 'b'], ['a'], ['b']], (s) => s.mapToPair((w) => [w, 1]).updateStateByKey((values, state: number | undefined) => (values.length === 0 ? undefined : running(values, state)))), [[['a', 1], ['b', 1]], [['a', 2]], [['b', 1]]]], // prettier-ignore
    ['gives nothing before there is something', () => run([null, ['a']], (s) => s.mapToPair((w) => [w, 1]).updateStateByKey(running)), [[['a', 1]]]], // prettier-ignore
    ['goes on where a batch is missing', () => run([['a'], null, ['a']], (s) => s.mapToPair((w) => [w, 1]).updateStateByKey(running)), [[['a', 1]], [['a', 1]], [['a', 2]]]], // prettier-ignore
  ])

  test('slice: by its ends, both included, floored to the slide', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const stream = t.input([[1], [2], [3], [4]])
    t.ssc.remember(Minutes(1))
    t.output(stream)
    await t.run()
    const at = async (from: number, to: number): Promise<unknown[]> =>
      Promise.all((await stream.slice(new Time(from), new Time(to))).map((rdd) => rdd.collect()))
    expect(await at(2000, 4000)).toEqual([[2], [3], [4]])
    expect(await at(2100, 3900)).toEqual([[2], [3]])
    expect(await at(1000, 1000)).toEqual([[1]])
    await t.stop()
  })
})

describe('WindowOperationsSuite', () => {
  const [w, s] = [Seconds(4), Seconds(2)]
  const big: Pair[][] = [
    [['a', 1]],
    [['a', 1], ['b', 1]],
    [['a', 1], ['b', 1], ['c', 1]],
    [['a', 1], ['b', 1]],
    [['a', 1]],
    [],
    [['a', 1]],
    [['a', 1], ['b', 1]],
    [['a', 1], ['b', 1], ['c', 1]],
    [['a', 1], ['b', 1]],
    [['a', 1]],
    [],
  ] // prettier-ignore
  const plain = [
    [['a', 1]],
    [['a', 2], ['b', 1]],
    [['a', 2], ['b', 2], ['c', 1]],
    [['a', 2], ['b', 2], ['c', 1]],
    [['a', 2], ['b', 1]],
    [['a', 1]],
    [['a', 1]],
    [['a', 2], ['b', 1]],
    [['a', 2], ['b', 2], ['c', 1]],
    [['a', 2], ['b', 2], ['c', 1]],
    [['a', 2], ['b', 1]],
    [['a', 1]],
  ] // prettier-ignore
  const zero = (n: number): [string, number][] =>
    [
      ['b', 0],
      ['c', 0],
    ].slice(0, n) as [string, number][]
  const inverse = plain.map((batch, i) => [
    ...batch,
    ...(i === 4 || i === 10 || i === 7 ? [['c', 0]] : i === 5 || i === 6 || i === 11 ? zero(2) : []),
  ])
  const groups = [
    [['a', [1]]],
    [['a', [1, 1]], ['b', [1]]],
    [['a', [1, 1]], ['b', [1, 1]], ['c', [1]]],
    [['a', [1, 1]], ['b', [1, 1]], ['c', [1]]],
    [['a', [1, 1]], ['b', [1]]],
    [['a', [1]]],
  ] // prettier-ignore
  const one = Seconds(1)
  const two = Seconds(2)
  cases([
    ['basic window', () => run([[0], [1], [2], [3], [4], [5]], (x) => x.window(two, one)), [[0], [0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]], // prettier-ignore
    ['tumbling window', () => run([[0], [1], [2], [3], [4], [5]], (x) => x.window(two, two)), [[0, 1], [2, 3], [4, 5]]], // prettier-ignore
    ['larger window', () => run([[0], [1], [2], [3], [4], [5]], (x) => x.window(w, s)), [[0, 1], [0, 1, 2, 3], [2, 3, 4, 5]]], // prettier-ignore
    ['window with a gap: slide over window', () => run([[0], [1], [2], [3], [4], [5]], (x) => x.window(one, two)), [[1], [3], [5]]], // prettier-ignore
    ['a window drains', () => run([[1], [2]], (x) => x.window(two, one), 5), [[1], [1, 2], [2], [], []]],
    ['a window over missing batches', () => run([[1], null, [3]], (x) => x.window(two, one)), [[1], [1], [3]]],
    ['groupByKeyAndWindow', () => runPairs(big.slice(0, 6), (x) => x.groupByKeyAndWindow(two, one)), groups],
    ['reduceByKeyAndWindow', () => runPairs(big, (x) => x.reduceByKeyAndWindow(add, two, one)), plain],
    ['of a single key', () => runPairs([[['a', 1]], [['a', 2]], [['a', 3]]], (x) => x.reduceByKeyAndWindow(add, two, one)), [[['a', 1]], [['a', 3]], [['a', 5]]]], // prettier-ignore
    ['of a vanishing key', () => runPairs([[['a', 1]], [], []], (x) => x.reduceByKeyAndWindow(add, two, one)), [[['a', 1]], [['a', 1]], []]], // prettier-ignore
    ['with an inverse', () => runPairs(big, (x) => x.reduceByKeyAndWindow(add, subtract, two, one)), inverse],
    ['with an inverse and a filter', () => runPairs(big, (x) => x.reduceByKeyAndWindow(add, subtract, two, one, { filterFunc: ([, n]) => n !== 0 })), plain], // prettier-ignore
    ['with an inverse, slide 2', () => runPairs(big, (x) => x.reduceByKeyAndWindow(add, subtract, w, s, { filterFunc: ([, n]) => n !== 0 })), [[['a', 2], ['b', 1]], [['a', 4], ['b', 3], ['c', 1]], [['a', 3], ['b', 2], ['c', 1]], [['a', 3], ['b', 1]], [['a', 4], ['b', 3], ['c', 1]], [['a', 3], ['b', 2], ['c', 1]]]], // prettier-ignore
    ['reduceByWindow', () => run([[1], [2], [3], [4]], (x) => x.reduceByWindow(add, two, one)), [[1], [3], [5], [7]]],
    ['reduceByWindow with an inverse', () => run([[1], [2], [3], [4]], (x) => x.reduceByWindow(add, subtract, two, one)), [[1], [3], [5], [7]]], // prettier-ignore
    ['countByWindow', () => run([[1], [1], [1, 2], [0], [], []], (x) => x.countByWindow(two, one)), [[1], [2], [3], [3], [1], [0]]], // prettier-ignore
    ['countByValueAndWindow', () => run([['a'], ['b', 'b'], ['a', 'b']], (x) => x.countByValueAndWindow(two, one)), [[['a', 1]], [['a', 1], ['b', 2]], [['a', 1], ['b', 3]]]], // prettier-ignore
    ['a window of a window', () => run([[1], [2], [3]], (x) => x.window(two, one).window(two, one)), [[1], [1, 1, 2], [1, 2, 2, 3]]], // prettier-ignore
  ])

  test.each([
    ['window', Milliseconds(1500), one, /The window duration of windowed DStream \(1500 ms\) must be a multiple of the slide duration of parent DStream/], // prettier-ignore
    ['slide', two, Milliseconds(1500), /The slide duration of windowed DStream \(1500 ms\) must be a multiple of the slide duration of parent DStream/], // prettier-ignore
  ])('a %s that is no multiple of the batch is refused in the words of Spark', (_, window, slide, words) => {
    const t = new TestContext({ batchInterval: one })
    expect(() => t.input([[1]]).window(window, slide)).toThrow(words)
  })
})

describe('MapWithStateSuite', () => {
  const input = [[], ['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b'], ['a'], []]
  const count = StateSpec.function((_: string, value: number | undefined, state: State<number>) => {
    const sum = (value ?? 0) + (state.getOption() ?? 0)
    state.update(sum)
    return sum
  }) // prettier-ignore
  const counted = (s: DStream<string>) => s.mapToPair((x): [string, number] => [x, 1])
  cases([
    ['what is mapped', () => run(input, (s) => counted(s).mapWithState(count)), [[], [1], [2, 1], [3, 2, 1], [4, 3], [5], []]], // prettier-ignore
    ['snapshots', () => run(input, (s) => counted(s).mapWithState(count).stateSnapshots()), [[], [['a', 1]], [['a', 2], ['b', 1]], [['a', 3], ['b', 2], ['c', 1]], [['a', 4], ['b', 3], ['c', 1]], [['a', 5], ['b', 3], ['c', 1]], [['a', 5], ['b', 3], ['c', 1]]]], // prettier-ignore
    ['initial states', () => run([['a'], ['d']], (s) => counted(s).mapWithState(StateSpec.function((key: string, value: number | undefined, state: State<number>) => { state.update((state.getOption() ?? 0) + (value ?? 0)); return [key, state.get()] as const }).initialState([['a', 5], ['b', 10]]))), [[['a', 6]], [['d', 1]]]], // prettier-ignore
    ['removal', () => run([['a'], ['a'], ['a']], (s) => counted(s).mapWithState(StateSpec.function((_: string, __: number | undefined, state: State<number>) => { if (state.exists()) { state.remove(); return 'gone' } state.update(1); return 'new' }))), [['new'], ['gone'], ['new']]], // prettier-ignore
    ['a key that falls silent times out once', () => run([['a', 'b'], ['a'], ['a'], ['a'], ['a']], (s) => counted(s).mapWithState(StateSpec.function((key: string, value: number | undefined, state: State<number>) => { if (state.isTimingOut()) return `${key} out`; state.update(value ?? 0); return key }).timeout(two()))), [['a', 'b'], ['a'], ['a'], ['a', 'b out'], ['a']]], // prettier-ignore
  ])
  function two() {
    return Seconds(2)
  }
})

describe('DurationSuite and TimeSuite', () => {
  test.each<[string, unknown, unknown]>([
    ['less', Milliseconds(999).less(Seconds(1)), true],
    ['lessEq', Seconds(1).lessEq(Seconds(1)), true],
    ['greater', Seconds(2).greater(Seconds(1)), true],
    ['greaterEq', Seconds(1).greaterEq(Seconds(2)), false],
    ['plus', Seconds(1).plus(Milliseconds(100)).milliseconds, 1100],
    ['minus', Seconds(1).minus(Milliseconds(100)).milliseconds, 900],
    ['times', Milliseconds(100).times(2).milliseconds, 200],
    ['div', Milliseconds(200).div(Milliseconds(100)), 2],
    ['isMultipleOf', Seconds(6).isMultipleOf(Seconds(4)), false],
    ['min', Seconds(1).min(Seconds(2)).milliseconds, 1000],
    ['max', Seconds(1).max(Seconds(2)).milliseconds, 2000],
    ['isZero', Milliseconds(0).isZero(), true],
    ['toString', String(Milliseconds(123)), '123 ms'],
    ['Seconds', Seconds(30).milliseconds, 30_000],
    ['Minutes', Minutes(2).milliseconds, 120_000],
    ['a time plus', new Time(1000).plus(Seconds(2)).milliseconds, 3000],
    ['a time minus a duration', new Time(1000).minus(Milliseconds(1)).milliseconds, 999],
    ['a time minus a time', new Time(3000).minus(new Time(1000)).milliseconds, 2000],
    ['floor', new Time(1350).floor(Milliseconds(200)).milliseconds, 1200],
    ['floor from a zero time', new Time(1350).floor(Milliseconds(200), new Time(50)).milliseconds, 1250],
    ['a time of multiples', new Time(1000).isMultipleOf(Milliseconds(100)), true],
    ['until', new Time(1000).until(new Time(1300), Milliseconds(100)).map(({ milliseconds }) => milliseconds), [1000, 1100, 1200]], // prettier-ignore
    ['to', new Time(1000).to(new Time(1300), Milliseconds(100)).map(({ milliseconds }) => milliseconds), [1000, 1100, 1200, 1300]], // prettier-ignore
    ['a time as text', String(new Time(5)), '5 ms'],
    ['less of times', new Time(1).less(new Time(2)), true],
    ['max of times', new Time(1).max(new Time(2)).milliseconds, 2],
  ])('%s', (_, actual, expected) => {
    expect(actual).toEqual(expected)
  })
})

describe('StreamingListenerSuite and FailureSuite', () => {
  test('batch infos: submitted, started, completed of every batch, with the records of every stream', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    t.output(t.input([[1, 2], [3], []]))
    await t.run()
    const of = (type: string) => t.events.filter((event) => event.type === type)
    for (const type of ['batchSubmitted', 'batchStarted', 'batchCompleted']) expect(of(type)).toHaveLength(3)
    const completed = t.events.flatMap((event) => (event.type === 'batchCompleted' ? [event.batchInfo] : []))
    expect(completed.map((info) => info.batchTime)).toEqual([1000, 2000, 3000])
    expect(completed.map((info) => info.numRecords)).toEqual([2, 1, 0])
    for (const info of completed) {
      expect(info.totalDelay).toBe(info.schedulingDelay! + info.processingDelay!)
      expect(Object.values(info.outputOperationInfos)[0]!.failureReason).toBeUndefined()
    }
    await t.stop()
  })

  test('a failing output is told with its reason, the others go on, and the next batch runs', async () => {
    const t = new TestContext({ batchInterval: Seconds(1), retry: { attempts: 1 }, onFailure: 'skip' })
    const stream = t.input([[1], [2]])
    stream.foreachRDD((_, time) => {
      if (time.milliseconds === 1000) throw new Error('output 0 is ill')
    })
    const out = t.output(stream)
    await expect(t.run()).rejects.toThrow('output 0 is ill')
    expect(out.batches).toEqual([[1], [2]])
    const reasons = t.events.flatMap((event) =>
      event.type === 'outputOperationCompleted' ? [event.outputOperationInfo.failureReason] : [],
    )
    expect(reasons.filter((reason) => reason?.includes('output 0 is ill'))).toHaveLength(1)
  })
})

describe('CheckpointSuite', () => {
  const define = (t: TestContext) =>
    t.output(
      t
        .inputPairs<string, number>([
          [['a', 1]],
          [
            ['a', 1],
            ['b', 1],
          ],
          [['b', 1]],
          [['a', 1]],
        ]) // prettier-ignore
        .updateStateByKey((values, state: number | undefined) => values.reduce(add, state ?? 0)),
    )
  const windowed = (t: TestContext) => t.output(t.input([[1], [2], [3], [4]]).window(Seconds(3), Seconds(1)))
  const reduced = (t: TestContext) =>
    t.output(t.inputPairs<string, number>([[['a', 1]], [['a', 2]], [['a', 3]], [['a', 4]]]).reduceByKeyAndWindow(add, subtract, Seconds(2), Seconds(1))) // prettier-ignore
  test.each<[string, (t: TestContext) => { batches: unknown[][] }, unknown[][]]>([
    ['updateStateByKey', define, [[['a', 1]], [['a', 2], ['b', 1]], [['a', 2], ['b', 2]], [['a', 3], ['b', 2]]]], // prettier-ignore
    ['window', windowed, [[1], [1, 2], [1, 2, 3], [2, 3, 4]]],
    ['reduceByKeyAndWindow with an inverse', reduced, [[['a', 1]], [['a', 3]], [['a', 5]], [['a', 7]]]],
  ])('%s goes on after a crash as if there had been none', async (_, graph, expected) => {
    for (let before = 1; before < 4; before++) {
      const t = new TestContext({ batchInterval: Seconds(1) })
      const first = graph(t)
      await t.run(before)
      const next = await t.crashAndRecover(graph)
      await next.run(4 - before)
      expect(sorted([...first.batches, ...next.defined.batches]), `cut after ${before}`).toEqual(sorted(expected))
      await next.stop()
    }
  })
})
