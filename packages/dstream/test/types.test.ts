import { expect, expectTypeOf, test } from 'vitest'
import {
  HashPartitioner,
  Seconds,
  StateSpec,
  type DStream,
  type Key,
  type KeyOf,
  type MapWithStateDStream,
  type OutputOperation,
  type PartitionContext,
  type RDD,
  type RDDContext,
  type State,
  type StateDStream,
  type StateView,
  type StreamingContext,
  type Time,
  type ValueOf,
} from '../src/index.js'

// Checked by the compiler: nothing here is called, each test only holds programs. What each operator infers, and what it
// refuses; a refusal that no longer is one makes `@ts-expect-error` an error itself.

declare const numbers: DStream<number>
declare const words: DStream<string>
declare const pairs: DStream<[string, number]>
declare const fixed: DStream<readonly [string, number]>
declare const tagged: DStream<readonly ['a' | 'b', { readonly n: number }]>
declare const mixed: DStream<string | number>
declare const ssc: StreamingContext
declare const sc: RDDContext
const w = Seconds(4)

test('record by record', () => {
  expectTypeOf(() => numbers.map(String)).returns.toEqualTypeOf<DStream<string>>()
  expectTypeOf(() => numbers.map((n) => ({ n }))).returns.toEqualTypeOf<DStream<{ n: number }>>()
  expectTypeOf(() => words.flatMap((text) => text.split(' '))).returns.toEqualTypeOf<DStream<string>>()
  expectTypeOf(() => words.flatMap((text) => new Set([text.length]))).returns.toEqualTypeOf<DStream<number>>()
  expectTypeOf(() => mixed.filter((x) => x !== '')).returns.toEqualTypeOf<DStream<string | number>>()
  expectTypeOf(() => mixed.filter((x): x is string => typeof x === 'string')).returns.toEqualTypeOf<DStream<string>>()
  expectTypeOf(() => words.mapToPair((word) => [word, word.length])).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => words.mapToPair((word) => [[word, 1], true])).returns.toEqualTypeOf<DStream<[[string, number], boolean]>>() // prettier-ignore
  expectTypeOf(() => words.flatMapToPair((word) => [[word, 1]])).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => words.mapPartitions((part) => [[...part].length])).returns.toEqualTypeOf<DStream<number>>()
  expectTypeOf(() => words.mapPartitionsToPair((part) => [...part].map((x) => [x, 1] as const))).returns.toEqualTypeOf<DStream<[string, 1]>>() // prettier-ignore
  expectTypeOf(() => words.mapPartitionsWithIndex((i, part) => [...part].map((x) => x + i))).returns.toEqualTypeOf<DStream<string>>() // prettier-ignore
  expectTypeOf(() => words.mapAsync(async (x, signal) => [x, signal.aborted])).returns.toEqualTypeOf<DStream<(string | boolean)[]>>() // prettier-ignore
  expectTypeOf(() => words.tap(console.log)).returns.toEqualTypeOf<DStream<string>>()
  expectTypeOf(() => words.glom()).returns.toEqualTypeOf<DStream<string[]>>()
  expectTypeOf(() => words.repartition(2)).returns.toEqualTypeOf<DStream<string>>()
})

test('batch by batch', () => {
  expectTypeOf(() => numbers.reduce((a, b) => a + b)).returns.toEqualTypeOf<DStream<number>>()
  expectTypeOf(() => words.count()).returns.toEqualTypeOf<DStream<number>>()
  expectTypeOf(() => words.countByValue()).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => words.distinct()).returns.toEqualTypeOf<DStream<string>>()
  expectTypeOf(() => words.union(numbers)).returns.toEqualTypeOf<DStream<string | number>>()
  expectTypeOf(() => words.transform((rdd) => rdd.map((x) => x.length))).returns.toEqualTypeOf<DStream<number>>()
  expectTypeOf(() => words.transform(async (rdd, time) => (time.milliseconds > 0 ? rdd : rdd))).returns.toEqualTypeOf<DStream<string>>() // prettier-ignore
  expectTypeOf(() => words.transformToPair((rdd) => rdd.keyBy((x) => x.length))).returns.toEqualTypeOf<DStream<[number, string]>>() // prettier-ignore
  expectTypeOf(() => words.transformWith(numbers, (a, b) => a.zip(b))).returns.toEqualTypeOf<DStream<[string, number]>>() // prettier-ignore
  expectTypeOf(() => words.top(3, (x) => x.length)).returns.toEqualTypeOf<DStream<string>>()
  expectTypeOf(() => words.branch((x) => x === '', () => true)).returns.toEqualTypeOf<readonly [DStream<string>, DStream<string>]>() // prettier-ignore
  expectTypeOf(() => ssc.union([words, words])).returns.toEqualTypeOf<DStream<string>>()
  expectTypeOf(() => ssc.transform([words, numbers], ([a, b]) => a.zip(b))).returns.toEqualTypeOf<DStream<[string, number]>>() // prettier-ignore
})

test('windows', () => {
  expectTypeOf(() => words.window(w)).returns.toEqualTypeOf<DStream<string>>()
  expectTypeOf(() => numbers.reduceByWindow((a, b) => a + b, w, w)).returns.toEqualTypeOf<DStream<number>>()
  expectTypeOf(() => numbers.reduceByWindow((a, b) => a + b, (a, b) => a - b, w)).returns.toEqualTypeOf<DStream<number>>() // prettier-ignore
  expectTypeOf(() => words.countByWindow(w, w)).returns.toEqualTypeOf<DStream<number>>()
  expectTypeOf(() => words.countByValueAndWindow(w)).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => pairs.groupByKeyAndWindow(w)).returns.toEqualTypeOf<DStream<[string, number[]]>>()
  expectTypeOf(() => pairs.reduceByKeyAndWindow((a, b) => a + b, w)).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => pairs.reduceByKeyAndWindow((a, b) => a + b, (a, b) => a - b, w, w, { filterFunc: ([key, n]) => key !== '' && n > 0 })).returns.toEqualTypeOf<DStream<[string, number]>>() // prettier-ignore
})

test('pairs, readonly ones and literal keys too', () => {
  expectTypeOf(() => fixed.mapValues(String)).returns.toEqualTypeOf<DStream<[string, string]>>()
  expectTypeOf(() => tagged.mapValues(({ n }) => n)).returns.toEqualTypeOf<DStream<['a' | 'b', number]>>()
  expectTypeOf(() => pairs.flatMapValues((n) => [n, String(n)])).returns.toEqualTypeOf<DStream<[string, string | number]>>() // prettier-ignore
  expectTypeOf(() => tagged.groupByKey()).returns.toEqualTypeOf<DStream<['a' | 'b', { readonly n: number }[]]>>()
  expectTypeOf(() => fixed.reduceByKey((a, b) => a + b)).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => pairs.combineByKey((n) => [n], (c, n) => [...c, n], (a, b) => [...a, ...b])).returns.toEqualTypeOf<DStream<[string, number[]]>>() // prettier-ignore
  expectTypeOf(() => pairs.cogroup(tagged)).returns.toEqualTypeOf<DStream<[string, [number[], { readonly n: number }[]]]>>() // prettier-ignore
  expectTypeOf(() => pairs.join(fixed.mapValues(String))).returns.toEqualTypeOf<DStream<[string, [number, string]]>>()
  expectTypeOf(() => pairs.leftOuterJoin(fixed)).returns.toEqualTypeOf<DStream<[string, [number, number | undefined]]>>() // prettier-ignore
  expectTypeOf(() => pairs.rightOuterJoin(fixed)).returns.toEqualTypeOf<DStream<[string, [number | undefined, number]]>>() // prettier-ignore
  expectTypeOf(() => pairs.fullOuterJoin(fixed)).returns.toEqualTypeOf<DStream<[string, [number | undefined, number | undefined]]>>() // prettier-ignore
})

test('tuples as keys', () => {
  expectTypeOf(() => words.mapToPair((word) => [[word, 3], 1])).returns.toEqualTypeOf<DStream<[[string, number], number]>>() // prettier-ignore
  expectTypeOf(() => words.mapToPair((word) => [[word, [3, word]], 1])).returns.toEqualTypeOf<DStream<[[string, [number, string]], number]>>() // prettier-ignore
  expectTypeOf(() => words.flatMapToPair((word) => [[[word, 3], 1]])).returns.toEqualTypeOf<DStream<[[string, number], number]>>() // prettier-ignore
  expectTypeOf(() => words.transformToPair((rdd) => rdd.keyBy((word) => [word, 3]))).returns.toEqualTypeOf<DStream<[[string, number], string]>>() // prettier-ignore
  expectTypeOf(() => words.transform((rdd) => rdd.groupBy((word) => [word, 3]))).returns.toEqualTypeOf<DStream<[[string, number], string[]]>>() // prettier-ignore
  expectTypeOf(() => words.transform((rdd) => rdd.mapToPair((word) => [[word, 3], 1]))).returns.toEqualTypeOf<DStream<[[string, number], number]>>() // prettier-ignore
  const names: string[] = []
  expectTypeOf(() => words.mapToPair((word) => [names, word])).returns.toEqualTypeOf<DStream<[string[], string]>>()
})

test('combiners: an average, a list, a number, an object', () => {
  const average = () => pairs.combineByKey((n) => [n, 1], ([sum, count], n) => [sum + n, count + 1], ([a, b], [c, d]) => [a + c, b + d]) // prettier-ignore
  expectTypeOf(average).returns.toEqualTypeOf<DStream<[string, [number, number]]>>()
  expectTypeOf(() => average().mapValues(([sum, count]) => sum / count)).returns.toEqualTypeOf<DStream<[string, number]>>() // prettier-ignore
  expectTypeOf(() => pairs.combineByKey((n) => [n, [n]], ([first, all], n) => [first, [...all, n]], (a) => a)).returns.toEqualTypeOf<DStream<[string, [number, number[]]]>>() // prettier-ignore
  expectTypeOf(() => pairs.combineByKey((n): number[] => [n], (c, n) => [...c, n], (a, b) => [...a, ...b])).returns.toEqualTypeOf<DStream<[string, number[]]>>() // prettier-ignore
  expectTypeOf(() => pairs.combineByKey<string, number, number[]>((n) => [n], (c, n) => [...c, n], (a) => a)).returns.toEqualTypeOf<DStream<[string, number[]]>>() // prettier-ignore
  expectTypeOf(() => pairs.combineByKey(() => 0, (c, n) => c + n, (a, b) => a + b)).returns.toEqualTypeOf<DStream<[string, number]>>() // prettier-ignore
  expectTypeOf(() => pairs.combineByKey((n) => new Set([n]), (c, n) => c.add(n), (a) => a)).returns.toEqualTypeOf<DStream<[string, Set<number>]>>() // prettier-ignore
  expectTypeOf(() => pairs.combineByKey((n) => ({ n }), (c, n) => ({ n: c.n + n }), (a) => a)).returns.toEqualTypeOf<DStream<[string, { n: number }]>>() // prettier-ignore
  expectTypeOf(() => pairs.combineByKey((n) => (n > 0 ? n : undefined), (c, n) => c ?? n, (a) => a)).returns.toEqualTypeOf<DStream<[string, number | undefined]>>() // prettier-ignore
  const rdd = () => sc.parallelize([['a', 1]])
  expectTypeOf(() => rdd().combineByKey((n) => [n, 1], ([s, c], n) => [s + n, c + 1], ([a, b], [c, d]) => [a + c, b + d])).returns.toEqualTypeOf<RDD<[string, [number, number]]>>() // prettier-ignore
  expectTypeOf(() => rdd().combineByKey((n) => [n], (c, n) => [...c, n], (a, b) => [...a, ...b])).returns.toEqualTypeOf<RDD<[string, number[]]>>() // prettier-ignore
  expectTypeOf(() => rdd().aggregateByKey(() => [0, 0], ([s, c], n) => [s + n, c + 1], ([a, b], [c, d]) => [a + c, b + d])).returns.toEqualTypeOf<RDD<[string, [number, number]]>>() // prettier-ignore
  expectTypeOf(() => rdd().values().aggregate(() => [0, 0], ([s, c], n) => [s + n, c + 1], ([a, b], [c, d]) => [a + c, b + d])).returns.resolves.toEqualTypeOf<[number, number]>() // prettier-ignore
  expectTypeOf(() => rdd().values().treeAggregate(() => [0, ''], ([s, t], n) => [s + n, t], (a) => a)).returns.resolves.toEqualTypeOf<[number, string]>() // prettier-ignore
  expectTypeOf(() => rdd().values().aggregate((): number[] => [], (c, n) => [...c, n], (a) => a)).returns.resolves.toEqualTypeOf<number[]>() // prettier-ignore
})

test('generic helpers', () => {
  const total = <K extends Key>(s: DStream<[K, number]>) =>
    s.updateStateByKey<number>((values, t = 0) => values.reduce((a, b) => a + b, t))
  const history = <K extends Key, V>(s: DStream<[K, V]>) => s.updateStateByKey<V[]>((v, all = []) => [...all, ...v])
  const inferred = <K extends Key>(s: DStream<[K, number]>) => s.updateStateByKey((v, t: number = 0) => v.length + t)
  const ofPairs = <T extends readonly [string, number]>(s: DStream<T>) =>
    s.updateStateByKey<number>((values, t = 0) => values.reduce((a, b) => a + b, t))
  const numbered = <K extends Key, V>(s: DStream<[K, V]>) =>
    s.mapWithState((key, value, state: State<number>): [K, number] => {
      state.update((state.getOption() ?? 0) + (value === undefined ? 0 : 1))
      return [key, state.get()]
    })
  const sizes = <K extends Key, V>(s: DStream<[K, V]>) =>
    s.updateStateByPartition<K, number>((entries) => [...entries].map(([key, all, n = 0]) => [key, n + all.length]))
  const both = <K extends Key, V, W>(a: DStream<[K, V]>, b: DStream<[K, W]>) => a.join(b).mapValues(([v]) => v)
  function counted<T>(s: DStream<T>, by: (record: T) => string) {
    return s.mapToPair((record) => [by(record), 1]).reduceByKey((a, b) => a + b)
  }
  const frequent = <T extends Key>(s: DStream<T>) => s.countByValue().filter(([, n]) => n > 1)
  const lists = <K extends Key, V>(s: DStream<[K, V]>): DStream<[K, V[]]> =>
    s.combineByKey((v) => [v], (c, v) => [...c, v], (a, b) => [...a, ...b]) // prettier-ignore
  const firsts = <K extends Key, V>(s: DStream<[K, V]>): DStream<[K, V]> => s.combineByKey((v) => v, (c) => c, (a) => a) // prettier-ignore
  const combined = <K extends Key, V, C>(
    s: DStream<[K, V]>,
    create: (v: V) => C,
    merge: (c: C, v: V) => C,
    both: (a: C, b: C) => C,
  ): DStream<[K, C]> =>
    s.combineByKey((v) => create(v), (c, v) => merge(c, v), (a, b) => both(a, b)) // prettier-ignore
  function made<T>(records: T[]): RDD<T> {
    return sc.parallelize(records)
  }
  function queued<T>(records: T[][]): DStream<T> {
    return ssc.queueStream(records)
  }
  expectTypeOf(() => total(pairs)).returns.toEqualTypeOf<StateDStream<string, number>>()
  expectTypeOf(() => history(pairs)).returns.toEqualTypeOf<StateDStream<string, number[]>>()
  expectTypeOf(() => inferred(pairs)).returns.toEqualTypeOf<StateDStream<string, number>>()
  expectTypeOf(() => ofPairs(pairs)).returns.toEqualTypeOf<StateDStream<string, number>>()
  expectTypeOf(() => numbered(pairs).stateSnapshots()).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => sizes(pairs)).returns.toEqualTypeOf<StateDStream<string, number>>()
  expectTypeOf(() => both(pairs, pairs)).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => counted(words, (word) => word)).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => frequent(words)).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => lists(pairs)).returns.toEqualTypeOf<DStream<[string, number[]]>>()
  expectTypeOf(() => firsts(pairs)).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => combined(pairs, String, (c) => c, (a) => a)).returns.toEqualTypeOf<DStream<[string, string]>>() // prettier-ignore
  expectTypeOf(() => made(['a'])).returns.toEqualTypeOf<RDD<string>>()
  expectTypeOf(() => queued([['a']])).returns.toEqualTypeOf<DStream<string>>()
})

test('records that are written in place', () => {
  expectTypeOf(() => sc.parallelize([['a', 1]])).returns.toEqualTypeOf<RDD<[string, number]>>()
  expectTypeOf(() => sc.parallelize([['a', 1], ['b', 2]], { numPartitions: 2 })).returns.toEqualTypeOf<RDD<[string, number]>>() // prettier-ignore
  expectTypeOf(() => sc.parallelize([['a', 1]]).reduceByKey((a, b) => a + b)).returns.toEqualTypeOf<RDD<[string, number]>>() // prettier-ignore
  expectTypeOf(() => sc.parallelize([[1, 2, 3], [4]])).returns.toEqualTypeOf<RDD<number[]>>()
  expectTypeOf(() => sc.parallelize(['ab'])).returns.toEqualTypeOf<RDD<string>>()
  expectTypeOf(() => sc.parallelize([])).returns.toEqualTypeOf<RDD<never>>()
  expectTypeOf(() => sc.parallelize(JSON.parse('[]') as any[])).returns.toEqualTypeOf<RDD<any>>()
  expectTypeOf(() => sc.parallelize(new Map([['a', 1]]))).returns.toEqualTypeOf<RDD<[string, number]>>()
  const events: (['click', number] | ['key', string])[] = []
  expectTypeOf(() => sc.parallelize(events)).returns.toEqualTypeOf<RDD<['click', number] | ['key', string]>>()
  expectTypeOf(() => ssc.queueStream([[['a', 1]], [['b', 2]]])).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => ssc.queueStream([sc.parallelize([['a', 1]])])).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => ssc.queueStream([[['a', 1]]], { defaultRDD: [['b', 2]] })).returns.toEqualTypeOf<DStream<[string, number]>>() // prettier-ignore
  expectTypeOf(() =>
    ssc.queueStream([
      [1, 2],
      [3, 4],
    ]),
  ).returns.toEqualTypeOf<DStream<number>>()
  expectTypeOf(() => ssc.queueStream([['ab']])).returns.toEqualTypeOf<DStream<string>>()
  const live: [string, number][][] = []
  expectTypeOf(() => ssc.queueStream(live)).returns.toEqualTypeOf<DStream<[string, number]>>()
})

test('state', () => {
  expectTypeOf(() =>
    fixed.updateStateByKey((values, state: number | undefined, key, time) => {
      expectTypeOf(values).toEqualTypeOf<number[]>()
      expectTypeOf(key).toEqualTypeOf<string>()
      expectTypeOf(time).toEqualTypeOf<Time>()
      return (state ?? 0) + values.length
    }),
  ).returns.toEqualTypeOf<StateDStream<string, number>>()
  expectTypeOf(() => pairs.updateStateByPartition((entries: Iterable<[string, number[], string | undefined]>) => [...entries].map(([key]) => [key, key] as const))).returns.toEqualTypeOf<StateDStream<string, string>>() // prettier-ignore
  expectTypeOf(() => pairs.runningReduceByKey((a, b) => a + b)).returns.toEqualTypeOf<StateDStream<string, number>>()
  expectTypeOf(() => pairs.dedupByKey({ ttl: w })).returns.toEqualTypeOf<DStream<[string, number]>>()

  const spec = StateSpec.function((key: string, value: number | undefined, state: State<boolean>) =>
    state.exists() ? undefined : `${key}${value}`,
  )
  expectTypeOf(() => pairs.mapWithState(spec.timeout(w))).returns.toEqualTypeOf<MapWithStateDStream<string, number, boolean, string>>() // prettier-ignore
  const mapped = () =>
    fixed.mapWithState((key, value, state: State<number>) => {
      expectTypeOf(key).toEqualTypeOf<string>()
      expectTypeOf(value).toEqualTypeOf<number | undefined>()
      return state.getOption()
    })
  expectTypeOf(mapped).returns.toEqualTypeOf<MapWithStateDStream<string, number, number, number>>()
  expectTypeOf(() => mapped().stateSnapshots()).returns.toEqualTypeOf<DStream<[string, number]>>()
  expectTypeOf(() => mapped().snapshot()).returns.toEqualTypeOf<StateView<string, number>>()
  expectTypeOf(() => mapped().get('a')).returns.toEqualTypeOf<number | undefined>()
})

test('a stream of pairs is a stream of what pairs are, with states behind it too', () => {
  const keyed = () => pairs.runningReduceByKey((a, b) => a + b)
  const mapped = () => pairs.mapWithState((key, n, state: State<number>): [string, number] => [key, state.get()])
  const emitting = () => pairs.mapWithState((key, n, state: State<number>) => state.getOption())
  expectTypeOf(() => pairs).returns.toExtend<DStream<unknown>>()
  expectTypeOf(keyed).returns.toExtend<DStream<unknown>>()
  expectTypeOf(mapped).returns.toExtend<DStream<unknown>>()
  expectTypeOf(emitting).returns.toExtend<DStream<unknown>>()
  expectTypeOf(keyed).returns.toExtend<DStream<object>>()
  expectTypeOf(keyed).returns.toExtend<DStream<readonly unknown[]>>()
  expectTypeOf(mapped).returns.toExtend<DStream<readonly unknown[]>>()
  expectTypeOf(keyed).returns.toExtend<DStream<[unknown, unknown]>>()
  expectTypeOf(keyed).returns.toExtend<DStream<readonly [Key, unknown]>>()
  expectTypeOf(keyed).returns.toExtend<DStream<string | [string, number]>>()
  expectTypeOf(keyed).returns.toExtend<StateDStream<Key, unknown>>()
  expectTypeOf(keyed).returns.not.toExtend<DStream<string>>()
  expectTypeOf(keyed).returns.not.toExtend<DStream<[string, string]>>()
  expectTypeOf(emitting).returns.not.toExtend<DStream<string>>()
})

test('keys and values of what may be pairs, and of what cannot', () => {
  expectTypeOf<[KeyOf<['a', 1]>, ValueOf<['a', 1]>]>().toEqualTypeOf<['a', 1]>()
  expectTypeOf<[KeyOf<readonly unknown[]>, ValueOf<readonly unknown[]>]>().toEqualTypeOf<[Key, unknown]>()
  expectTypeOf<[KeyOf<unknown>, ValueOf<unknown>]>().toEqualTypeOf<[Key, unknown]>()
  expectTypeOf<[KeyOf<number>, ValueOf<{ id: string }>]>().toEqualTypeOf<[never, never]>()
})

test('outputs and sources', () => {
  expectTypeOf(() => words.foreachRDD((rdd) => rdd.count())).returns.toEqualTypeOf<OutputOperation>()
  type F = Parameters<DStream<string>['foreachPartition']>[0]
  expectTypeOf<Parameters<F>>().toEqualTypeOf<[Iterable<string>, PartitionContext]>()
  expectTypeOf(() => words.foreachPartition(async (all) => [...all])).returns.toEqualTypeOf<OutputOperation>()
  expectTypeOf(() => words.batches()).returns.toEqualTypeOf<AsyncIterable<{ time: Time; records: string[] }>>()
  expectTypeOf(() => words.slice(0, 1000)).returns.resolves.toEqualTypeOf<RDD<string>[]>()
  expectTypeOf(() => ssc.queueStream([[1, 2]])).returns.toEqualTypeOf<DStream<number>>()
  expectTypeOf(() => ssc.socketTextStream('localhost', 1)).returns.toEqualTypeOf<DStream<string>>()
  expectTypeOf(() => ssc.textFileStream('in')).returns.toEqualTypeOf<DStream<string>>()
  expectTypeOf(() => ssc.binaryRecordsStream('in', 8)).returns.toEqualTypeOf<DStream<Uint8Array>>()
  expectTypeOf(() => ssc.rateStream(10)).returns.toEqualTypeOf<DStream<number>>()
  expectTypeOf(() => ssc.constantStream(sc.parallelize(['a']))).returns.toEqualTypeOf<DStream<string>>()
  expectTypeOf(() =>
    ssc.fromSource({ initial: () => 0, plan: (from: number) => from + 1, read: (from) => [String(from)] }),
  ).returns.toEqualTypeOf<DStream<string>>()
})

test('RDDs', () => {
  const of = () => sc.parallelize([1, 2])
  const byKey = () => sc.parallelize<readonly [string, number]>([['a', 1]])
  expectTypeOf(of).returns.toEqualTypeOf<RDD<number>>()
  expectTypeOf(() => of().keyBy(String)).returns.toEqualTypeOf<RDD<[string, number]>>()
  expectTypeOf(() => of().groupBy((n) => n % 2 === 0)).returns.toEqualTypeOf<RDD<[boolean, number[]]>>()
  expectTypeOf(() => of().zip(sc.parallelize(['a']))).returns.toEqualTypeOf<RDD<[number, string]>>()
  expectTypeOf(() => of().cartesian(byKey())).returns.toEqualTypeOf<RDD<[number, readonly [string, number]]>>()
  expectTypeOf(() => of().zipWithIndex()).returns.toEqualTypeOf<RDD<[number, number]>>()
  expectTypeOf(() => of().distinct()).returns.toEqualTypeOf<RDD<number>>()
  expectTypeOf(() => of().randomSplit([1, 2])).returns.toEqualTypeOf<RDD<number>[]>()
  expectTypeOf(() => byKey().keys()).returns.toEqualTypeOf<RDD<string>>()
  expectTypeOf(() => byKey().values()).returns.toEqualTypeOf<RDD<number>>()
  expectTypeOf(() => byKey().sortByKey()).returns.toEqualTypeOf<RDD<[string, number]>>()
  expectTypeOf(() => byKey().foldByKey(0, (a, b) => a + b)).returns.toEqualTypeOf<RDD<[string, number]>>()
  expectTypeOf(() => byKey().aggregateByKey(() => new Set<number>(), (set, n) => set.add(n), (a) => a)).returns.toEqualTypeOf<RDD<[string, Set<number>]>>() // prettier-ignore
  expectTypeOf(() => byKey().subtractByKey(byKey())).returns.toEqualTypeOf<RDD<[string, number]>>()
  expectTypeOf(() => of().collect()).returns.resolves.toEqualTypeOf<number[]>()
  expectTypeOf(() => of().countByValue()).returns.resolves.toEqualTypeOf<Map<number, number>>()
  expectTypeOf(() => byKey().countByKey()).returns.resolves.toEqualTypeOf<Map<string, number>>()
  expectTypeOf(() => byKey().collectAsMap()).returns.resolves.toEqualTypeOf<Map<string, number>>()
  expectTypeOf(() => byKey().lookup('a')).returns.resolves.toEqualTypeOf<number[]>()
  expectTypeOf(() => of().aggregate(() => '', (text, n) => text + n, (a, b) => a + b)).returns.resolves.toEqualTypeOf<string>() // prettier-ignore
})

test('what the compiler refuses', () => {
  const refused = (): void => {
    // @ts-expect-error numbers have no keys
    numbers.reduceByKey((a: number) => a)
    // @ts-expect-error nor groups of them
    numbers.groupByKey()
    // @ts-expect-error nor states
    numbers.updateStateByKey(() => 1)
    // @ts-expect-error nor windows by key
    words.reduceByKeyAndWindow((a: number) => a, w)
    // @ts-expect-error a plain object is no key
    words.mapToPair((word) => [{ word }, 1])
    // @ts-expect-error nor is undefined
    words.mapToPair((word) => [undefined, word])
    // @ts-expect-error objects are no keys: they cannot be counted by value
    numbers.map((n) => ({ n })).countByValue()
    // @ts-expect-error a string is not taken for a list of characters
    words.flatMap((word) => word)
    // @ts-expect-error nor as the values of a pair
    pairs.flatMapValues((n) => String(n))
    // @ts-expect-error a number is no list
    numbers.flatMap((n) => n)
    // @ts-expect-error a reduction gives what it takes
    numbers.reduce((a, b) => String(a + b))
    // @ts-expect-error so does one by key
    pairs.reduceByKey((a, b) => [a, b])
    // @ts-expect-error a bare number is no duration
    words.window(1000)
    // @ts-expect-error nor is it as a slide
    words.window(w, 1000)
    // @ts-expect-error nor as a timeout
    StateSpec.function((_: string, __: number | undefined, state: State<number>) => state.get()).timeout(1000)
    // @ts-expect-error nor as an interval of checkpoints
    words.checkpoint(1000)
    // @ts-expect-error nor as what is remembered
    ssc.remember(1000)
    // @ts-expect-error an unknown option
    pairs.reduceByKey((a, b) => a + b, { partitions: 2 })
    // @ts-expect-error a number of partitions is a number
    pairs.groupByKey({ numPartitions: '2' })
    // @ts-expect-error a filter without an inverse function means nothing
    pairs.reduceByKeyAndWindow((a, b) => a + b, w, w, { filterFunc: () => true })
    // @ts-expect-error a state of another type than the initial one
    pairs.updateStateByKey((values, state: number | undefined) => state, { initialState: [['a', 'b']] })
    // @ts-expect-error an initial state of another key
    pairs.updateStateByKey((values, state: number | undefined) => state, { initialState: [[1, 1]] })
    // @ts-expect-error a state is updated with its own type
    pairs.mapWithState((_, __, state: State<number>) => state.update('1'))
    // @ts-expect-error the other side of a join has keys too
    pairs.join(numbers)
    // @ts-expect-error and of the same type
    pairs.join(numbers.mapToPair((n) => [n, n]))
    // @ts-expect-error a partitioner is an object
    pairs.groupByKey({ partitioner: 3 })
    // @ts-expect-error a HashPartitioner needs its number
    new HashPartitioner()
    // @ts-expect-error RDDs are made by a function of transform, not given to it
    words.transform(sc.parallelize(['a']))
    // @ts-expect-error what transform gives is an RDD
    words.transform(() => ['a'])
    // @ts-expect-error sums are of numbers
    sc.parallelize(['a']).sum()
    // @ts-expect-error pairs only
    sc.parallelize([1]).collectAsMap()
  }
  expectTypeOf(refused).returns.toEqualTypeOf<void>()
})

test('a function that is not awaited must not be async', () => {
  const refused = () => {
    // @ts-expect-error -- async
    numbers.map(async (n) => n)
    // @ts-expect-error -- async for some records
    numbers.map((n) => (n > 0 ? n : Promise.resolve(n)))
    // @ts-expect-error -- a promise of any
    words.map(async (line) => JSON.parse(line))
    // @ts-expect-error -- named beforehand
    words.map(fetch)
    // @ts-expect-error -- with the type given
    numbers.map<Promise<number>>(async (n) => n)
    // @ts-expect-error -- a thenable
    numbers.map((n): PromiseLike<number> => Promise.resolve(n))
    // @ts-expect-error -- async
    numbers.filter(async (n) => n > 0)
    // @ts-expect-error -- async
    numbers.tap(async (n) => void n)
    // @ts-expect-error -- returns the promise of an async call
    numbers.tap((n) => Promise.reject(n))
    // @ts-expect-error -- async
    words.flatMap(async (line) => line.split(' '))
    // @ts-expect-error -- async
    words.mapToPair(async (word) => [word, 1])
    // @ts-expect-error -- async
    pairs.mapValues(async (n) => n)
    // @ts-expect-error -- async
    words.mapPartitions(async (part) => part)
    // @ts-expect-error -- async
    numbers.reduce(async (a, b) => a + b)
    // @ts-expect-error -- async
    pairs.reduceByKey(async (a, b) => a + b)
    // @ts-expect-error -- async
    pairs.combineByKey(async (n) => n, async (c, n) => (await c) + n, async (a, b) => (await a) + (await b)) // prettier-ignore
    // @ts-expect-error -- async
    numbers.branch(async (n) => n > 0)
    // @ts-expect-error -- async
    numbers.top(1, async (n) => n)
    // @ts-expect-error -- async
    pairs.updateStateByKey(async (values) => values.length)
    // @ts-expect-error -- async
    pairs.mapWithState(async (key) => key)
    // @ts-expect-error -- async
    StateSpec.function(async (key: string) => key)
  }
  const refusedByRDDs = (rdd: RDD<number>, keyed: RDD<[string, number]>) => {
    // @ts-expect-error -- async
    rdd.map(async (n) => n)
    // @ts-expect-error -- async
    rdd.tap(async (n) => void n)
    // @ts-expect-error -- async
    void rdd.foreach(async (n) => void n)
    // @ts-expect-error -- async
    rdd.keyBy(async (n) => n)
    // @ts-expect-error -- async
    rdd.groupBy(async (n) => n)
    // @ts-expect-error -- async
    rdd.sortBy(async (n) => n)
    // @ts-expect-error -- async
    void rdd.fold(0, async (a, b) => a + b)
    // @ts-expect-error -- async
    void rdd.aggregate(async () => 0, async (a, b) => (await a) + b, async (a, b) => (await a) + (await b)) // prettier-ignore
    // @ts-expect-error -- async
    keyed.mapValues(async (n) => n)
    // @ts-expect-error -- async
    keyed.combineByKey(async (n) => n, async (c, n) => (await c) + n, async (a, b) => (await a) + (await b)) // prettier-ignore
    // @ts-expect-error -- async
    keyed.aggregateByKey(async () => 0, async (a, b) => (await a) + b, async (a, b) => (await a) + (await b)) // prettier-ignore
  }
  expectTypeOf(refused).returns.toEqualTypeOf<void>()
  expectTypeOf(refusedByRDDs).returns.toEqualTypeOf<void>()
})

test('any, unknown, open generics and generic functions compile where promises are refused', () => {
  const f: any = String
  expectTypeOf(() => words.map(JSON.parse)).returns.toEqualTypeOf<DStream<any>>()
  expectTypeOf(() => words.map((line) => JSON.parse(line).n)).returns.toEqualTypeOf<DStream<any>>()
  expectTypeOf(() => words.map(f)).returns.toExtend<DStream<unknown>>()
  expectTypeOf(() => words.map((word): unknown => word)).returns.toEqualTypeOf<DStream<unknown>>()
  expectTypeOf(() => words.map((word): never => expect.unreachable(word))).returns.toEqualTypeOf<DStream<never>>()
  expectTypeOf(() => words.map((word) => void word)).returns.toEqualTypeOf<DStream<undefined>>()
  expectTypeOf(() => words.map(structuredClone)).returns.toEqualTypeOf<DStream<string>>()
  expectTypeOf(() => words.map<[string, number]>((word) => [word, 1])).returns.toEqualTypeOf<DStream<[string, number]>>() // prettier-ignore
  expectTypeOf(() => numbers.map((n) => ({ then: n }))).returns.toEqualTypeOf<DStream<{ then: number }>>()
  expectTypeOf(() => numbers.tap((n) => [n].push(n)).tap(console.log)).returns.toEqualTypeOf<DStream<number>>()

  const map = <T, U>(s: DStream<T>, g: (record: T) => U): DStream<U> => s.map(g)
  const mapObject = <T, U extends object>(s: DStream<T>, g: (record: T) => U): DStream<U> => s.map(g)
  const some = <T, U>(s: DStream<T>, g: (record: T) => U): DStream<U | undefined> => s.map((x) => (x ? g(x) : undefined)) // prettier-ignore
  const same = <T>(s: DStream<T>): DStream<T> => s.map((record) => record)
  const paired = <T>(s: DStream<T>): DStream<[T, number]> => s.map((record) => [record, 1])
  const field = <T, F extends keyof T>(s: DStream<T>, name: F): DStream<T[F]> => s.map((record) => record[name])
  const spy = <T, U>(s: DStream<T>, g: (record: T) => U): DStream<T> => s.tap(g)
  const values = <K extends Key, V, U>(s: DStream<[K, V]>, g: (value: V) => U): DStream<[K, U]> => s.mapValues(g)
  const each = <T, U>(rdd: RDD<T>, g: (record: T) => U): Promise<void> => rdd.map(g).foreach(g as () => U)
  const fold = <T, C>(rdd: RDD<T>, zero: () => C, seq: (c: C, x: T) => C, comb: (a: C, b: C) => C): Promise<C> => rdd.aggregate(zero, seq, comb) // prettier-ignore
  const spec = <S, E>(g: (key: string, value: number | undefined, state: State<S>) => E) => pairs.mapWithState(StateSpec.function(g)) // prettier-ignore
  expectTypeOf([map, mapObject, some, same, paired, field, spy, values, each, fold, spec]).toExtend<unknown[]>()
})

test('a state is read-only: a function returns or updates it, and may return it as it is', () => {
  type Counter = { n: number; list: number[] }
  const refused = () => {
    // @ts-expect-error -- changed in place
    pairs.updateStateByKey<Counter>((values, state) => (state !== undefined ? (state.n++, state) : undefined))
    // @ts-expect-error -- changed in place
    pairs.updateStateByKey<number[]>((values, state = []) => (state.push(1), state))
    // @ts-expect-error -- changed in place
    pairs.mapWithState((key, n, state: State<Counter>) => void state.get().n++)
    // @ts-expect-error -- changed in place
    pairs.mapWithState((key, n, state: State<number[]>) => void state.getOption()?.push(1))
  }
  expectTypeOf(refused).returns.toEqualTypeOf<void>()
  expectTypeOf(() => pairs.updateStateByKey<Counter>((values, state) => state)).returns.toEqualTypeOf<StateDStream<string, Counter>>() // prettier-ignore
  expectTypeOf(() => pairs.updateStateByKey<number[]>((values, state = []) => state)).returns.toEqualTypeOf<StateDStream<string, number[]>>() // prettier-ignore
  expectTypeOf(() => pairs.updateStateByKey<number[]>((values, state = []) => [...state, ...values])).returns.toEqualTypeOf<StateDStream<string, number[]>>() // prettier-ignore
  expectTypeOf(() => pairs.updateStateByKey<Set<number>>((values, state = new Set()) => new Set([...state, ...values]))).returns.toEqualTypeOf<StateDStream<string, Set<number>>>() // prettier-ignore
  expectTypeOf(() => pairs.updateStateByKey((values, state: string | undefined) => state)).returns.toEqualTypeOf<StateDStream<string, string>>() // prettier-ignore
  expectTypeOf(() => pairs.updateStateByKey((values, state: Counter | undefined) => state)).returns.toEqualTypeOf<StateDStream<string, Counter>>() // prettier-ignore
  expectTypeOf(() => pairs.updateStateByKey((values, state: readonly number[] | undefined) => state)).returns.toEqualTypeOf<StateDStream<string, readonly number[]>>() // prettier-ignore
  expectTypeOf(() => pairs.mapWithState((key, n, state: State<number[]>) => state.update([...(state.getOption() ?? []), 1]))).returns.toExtend<DStream<void>>() // prettier-ignore
  const generic = <S>(next: (values: number[], state: S | undefined) => S) => pairs.updateStateByKey<S>((values, state) => next(values, state as S)) // prettier-ignore
  expectTypeOf(generic<number>).returns.toEqualTypeOf<StateDStream<string, number>>()
})
