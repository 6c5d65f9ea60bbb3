import type { Duration, DStream } from 'dstream'

/** Every stream of a random graph has records of one form, so that any operator may follow any other. */
export type Pair = [string, number]
export type Stream = DStream<Pair>

/** Numbers that an operator may use: how long a window is, how far it slides (in slides of its parent), how many partitions. */
export interface Params {
  readonly window: number
  readonly slide: number
  readonly parts: number
}

/** The past of a parent: what it gave at each of its times up to now, oldest first. */
export type Past = readonly { readonly at: number; readonly records: readonly Pair[] }[]

/** A batch of the operator itself, and the length of its window there, in the unit of `at`. */
export interface Span {
  readonly at: number
  readonly length: number
}

export interface OperatorModel {
  readonly parents: 1 | 2
  readonly traits?: readonly ('state' | 'window' | 'slides')[]
  readonly define: (
    streams: readonly [Stream, Stream],
    params: Params,
    windows: readonly [Duration, Duration],
  ) => Stream
  /** The same from the whole past of its parents, recomputed each time. `spans` has its own batches up to this one. */
  readonly naive: (pasts: readonly [Past, Past], now: number, spans: readonly Span[]) => Pair[]
}

/** A user's function that cannot take a record, which is left out then: the contexts are told so. */
function refuse(): never {
  throw new Error('a record that a function does not take')
}
function add(a: number, b: number): number {
  return a + b
}
function subtract(a: number, b: number): number {
  return a - b
}
function sum(values: Iterable<number>): number {
  return [...values].reduce(add, 0)
}
function flip(key: string): string {
  return key === 'a' ? 'b' : 'a'
}

function last(past: Past, now: number): readonly Pair[] {
  return past.filter(({ at }) => at === now).flatMap((b) => b.records)
}
function all(past: Past): Pair[] {
  return past.flatMap(({ records }) => [...records])
}

function grouped(records: readonly Pair[]): Map<string, number[]> {
  const groups = new Map<string, number[]>()
  for (const [key, value] of records) groups.set(key, [...(groups.get(key) ?? []), value])
  return groups
}
function perKey(records: readonly Pair[], f: (values: number[]) => number): Pair[] {
  return [...grouped(records)].map(([key, values]) => [key, f(values)])
}

/** A stateless operator, from what it makes of one batch. */
function batchwise(
  define: (s: Stream, p: Params) => Stream,
  naive: (records: readonly Pair[]) => Pair[],
): OperatorModel {
  return {
    parents: 1,
    define: ([s], params) => define(s, params),
    naive: ([past], now) => naive(last(past, now)),
  }
}

function joined(
  define: (a: Stream, b: Stream, parts: number) => Stream,
  naive: (left: number[], right: number[]) => number[],
): OperatorModel {
  return {
    parents: 2,
    define: ([a, b], { parts }) => define(a, b, parts),
    naive: ([a, b], now) => {
      const [left, right] = [grouped(last(a, now)), grouped(last(b, now))]
      return [...new Set([...left.keys(), ...right.keys()])].flatMap((key) =>
        naive(left.get(key) ?? [], right.get(key) ?? []).map((value): Pair => [key, value]),
      )
    },
  }
}
function cross(left: (number | undefined)[], right: (number | undefined)[]): number[] {
  return left.flatMap((v) => right.map((w) => both([v, w])))
}
function both([v = -7, w = -8]: readonly [number | undefined, number | undefined]): number {
  return v * 10 + w
}
function orNone(values: number[]): (number | undefined)[] {
  return values.length === 0 ? [undefined] : values
}

function inSpan(past: Past, span: Span): Past {
  return past.filter(({ at }) => at > span.at - span.length && at <= span.at)
}

function windowed(
  define: (s: Stream, windows: readonly [Duration, Duration], params: Params) => Stream,
  naive: (window: Pair[], past: Past) => Pair[],
): OperatorModel {
  return {
    parents: 1,
    traits: ['window', 'slides'],
    define: ([s], params, windows) => define(s, windows, params),
    naive: ([past], _, spans) => naive(all(inSpan(past, spans.at(-1)!)), seen(past, spans)),
  }
}
/** What any window has held: with a slide longer than the window not all there was. */
function seen(past: Past, spans: readonly Span[]): Past {
  return past.filter((batch) => spans.some((span) => inSpan([batch], span).length > 0))
}
/** What an incremental form gives of all keys that it has ever seen. */
function ofAllSeen(window: Pair[], past: Past): Pair[] {
  const sums = new Map(perKey(window, sum))
  return [...grouped(all(past)).keys()].map((key) => [key, sums.get(key) ?? 0])
}

interface Cell {
  value: number
  touched: number
}
/** A stateful operator, from the state that its whole past makes of nothing. */
function stateful(
  define: (s: Stream, params: Params, idle: Duration) => Stream,
  update: (state: Map<string, Cell>, records: readonly Pair[], now: number, idle: number) => Pair[],
): OperatorModel {
  return {
    parents: 1,
    traits: ['state'],
    define: ([s], params, [idle]) => define(s, params, idle),
    naive: ([past], _, spans) => {
      const state = new Map<string, Cell>()
      let given: Pair[] = []
      for (const { at, records } of past)
        given = update(state, records, at, spans.find((span) => span.at === at)!.length)
      return given
    },
  }
}
function states(state: ReadonlyMap<string, Cell>): Pair[] {
  return [...state].map(([key, { value }]) => [key, value])
}
function addTo(state: Map<string, Cell>, records: readonly Pair[], now: number): void {
  for (const [key, value] of records) state.set(key, { value: (state.get(key)?.value ?? 0) + value, touched: now })
}
function timeOut(state: Map<string, Cell>, now: number, idle: number): string[] {
  const gone = [...state].filter(([, { touched }]) => now - idle > touched).map(([key]) => key)
  for (const key of gone) state.delete(key)
  return gone
}

export const operators: Readonly<Record<string, OperatorModel>> = {
  map: batchwise(
    (s) => s.map(([key, value]): Pair => [key, value + 1]),
    (records) => records.map(([key, value]) => [key, value + 1]),
  ),
  filter: batchwise(
    (s) => s.filter(([, value]) => value % 2 === 0),
    (records) => records.filter(([, value]) => value % 2 === 0),
  ),
  flatMap: batchwise(
    (s) =>
      s.flatMap(([key, value]): Pair[] =>
        value < 0
          ? []
          : [
              [key, value],
              [flip(key), -value],
            ],
      ),
    (records) =>
      records.flatMap(([key, value]): Pair[] =>
        value < 0
          ? []
          : [
              [key, value],
              [flip(key), -value],
            ],
      ),
  ),
  mapToPair: batchwise(
    (s) => s.mapToPair(([key, value]) => [flip(key), value]),
    (records) => records.map(([key, value]) => [flip(key), value]),
  ),
  flatMapToPair: batchwise(
    (s) =>
      s.flatMapToPair(([key, value]): Pair[] => [
        [key, value],
        ['z', 1],
      ]),
    (records) =>
      records.flatMap(([key, value]): Pair[] => [
        [key, value],
        ['z', 1],
      ]),
  ),
  mapValues: batchwise(
    (s) => s.mapValues((value) => value * 3),
    (records) => records.map(([key, value]) => [key, value * 3]),
  ),
  flatMapValues: batchwise(
    (s) => s.flatMapValues((value) => [value, value - 1]),
    (records) =>
      records.flatMap(([key, value]): Pair[] => [
        [key, value],
        [key, value - 1],
      ]),
  ),
  mapThatThrows: batchwise(
    (s) => s.map((record): Pair => (record[1] % 5 === 3 ? refuse() : record)),
    (records) => records.filter(([, value]) => value % 5 !== 3),
  ),
  reduceByKeyThatThrows: batchwise(
    (s) => s.mapValues((value) => (value === 0 ? refuse() : value)).reduceByKey(add),
    (records) =>
      perKey(
        records.filter(([, value]) => value !== 0),
        sum,
      ),
  ),
  mapPartitions: batchwise(
    (s) => s.mapPartitions((records) => [...records].reverse()),
    (records) => [...records],
  ),
  mapPartitionsWithIndex: batchwise(
    (s) => s.mapPartitionsWithIndex((_, records) => [...records].map(([key, value]): Pair => [key, value + 2])),
    (records) => records.map(([key, value]) => [key, value + 2]),
  ),
  mapAsync: batchwise(
    (s, { parts }) => s.mapAsync(([key, value]) => Promise.resolve<Pair>([key, value - 1]), { concurrency: parts }),
    (records) => records.map(([key, value]) => [key, value - 1]),
  ),
  glom: batchwise(
    (s) => s.glom().flatMap((records) => records),
    (records) => [...records],
  ),
  repartition: batchwise(
    (s, { parts }) => s.repartition(parts),
    (records) => [...records],
  ),
  tap: batchwise(
    (s) => s.tap(() => undefined),
    (records) => [...records],
  ),
  branch: batchwise(
    (s) =>
      s.branch(
        ([, value]) => value > 0,
        () => true,
      )[1],
    (records) => records.filter(([, value]) => !(value > 0)),
  ),
  top: batchwise(
    (s) => s.top(2, ([key, value]) => `${key} ${value}`),
    (records) => [...records].sort(([k, v], [l, w]) => (`${k} ${v}` < `${l} ${w}` ? 1 : -1)).slice(0, 2),
  ),
  reduce: batchwise(
    (s) => s.reduce(([k, v], [l, w]): Pair => [k < l ? k : l, v + w]),
    (records) =>
      records.length === 0 ? [] : [[records.map(([key]) => key).sort()[0]!, sum(records.map((r) => r[1]))]],
  ),
  count: batchwise(
    (s) => s.count().map((n): Pair => ['n', n]),
    (records) => [['n', records.length]],
  ),
  countByValue: batchwise(
    (s, { parts }) => s.map(([key]) => key).countByValue({ numPartitions: parts }),
    (records) => perKey(records, (values) => values.length),
  ),
  distinct: batchwise(
    (s, { parts }) => s.distinct({ numPartitions: parts }),
    (records) => [...new Map(records.map((record) => [String(record), record])).values()],
  ),
  groupByKey: batchwise(
    (s, { parts }) => s.groupByKey({ numPartitions: parts }).mapValues(sum),
    (records) => perKey(records, sum),
  ),
  reduceByKey: batchwise(
    (s, { parts }) => s.reduceByKey(add, { numPartitions: parts }),
    (records) => perKey(records, sum),
  ),
  combineByKey: batchwise(
    (s, { parts }) =>
      s.combineByKey(
        (value) => value * 2,
        (c, value) => c + value * 2,
        add,
        { numPartitions: parts },
      ),
    (records) => perKey(records, (values) => sum(values) * 2),
  ),
  transform: batchwise(
    (s) => s.transform((rdd) => rdd.sortBy(([, value]) => value)),
    (records) => [...records],
  ),
  transformToPair: batchwise(
    (s) =>
      s.transformToPair((rdd, time) => {
        const k = time.milliseconds > 0 ? 1 : 0
        return rdd.mapValues((value) => value + k).reduceByKey((a, b) => a + b)
      }),
    (records) =>
      perKey(
        records.map(([key, value]) => [key, value + 1]),
        sum,
      ),
  ),
  union: {
    parents: 2,
    define: ([a, b]) => a.union(b),
    naive: ([a, b], now) => [...last(a, now), ...last(b, now)],
  },
  transformWith: {
    parents: 2,
    define: ([a, b]) => a.transformWith(b, (left, right) => left.union(right.mapValues((value) => -value))),
    naive: ([a, b], now) => [...last(a, now), ...last(b, now).map(([key, value]): Pair => [key, -value])],
  },
  cogroup: joined(
    (a, b, parts) => a.cogroup(b, { numPartitions: parts }).mapValues(([v, w]) => sum(v) - sum(w)),
    (v, w) => [sum(v) - sum(w)],
  ),
  join: joined((a, b, parts) => a.join(b, { numPartitions: parts }).mapValues(both), cross),
  leftOuterJoin: joined(
    (a, b, parts) => a.leftOuterJoin(b, { numPartitions: parts }).mapValues(both),
    (v, w) => cross(v, orNone(w)),
  ),
  rightOuterJoin: joined(
    (a, b, parts) => a.rightOuterJoin(b, { numPartitions: parts }).mapValues(both),
    (v, w) => cross(orNone(v), w),
  ),
  fullOuterJoin: joined(
    (a, b, parts) => a.fullOuterJoin(b, { numPartitions: parts }).mapValues(both),
    (v, w) => cross(orNone(v), orNone(w)),
  ),
  window: windowed(
    (s, windows) => s.window(...windows),
    (window) => window,
  ),
  countByWindow: windowed(
    (s, windows) => s.countByWindow(...windows).map((n): Pair => ['n', n]),
    (window, past) => (all(past).length === 0 ? [] : [['n', window.length]]),
  ),
  countByValueAndWindow: windowed(
    (s, windows, { parts }) => s.map(([key]) => key).countByValueAndWindow(...windows, { numPartitions: parts }),
    (window) => perKey(window, (values) => values.length),
  ),
  reduceByWindow: windowed(
    (s, windows) =>
      s
        .map(([, value]) => value)
        .reduceByWindow(add, ...windows)
        .map((n): Pair => ['s', n]),
    (window) => (window.length === 0 ? [] : [['s', sum(window.map(([, value]) => value))]]),
  ),
  reduceByWindowInverse: windowed(
    (s, windows) =>
      s
        .map(([, value]) => value)
        .reduceByWindow(add, subtract, ...windows)
        .map((n): Pair => ['s', n]),
    (window, past) => (all(past).length === 0 ? [] : [['s', sum(window.map(([, value]) => value))]]),
  ),
  groupByKeyAndWindow: windowed(
    (s, windows, { parts }) => s.groupByKeyAndWindow(...windows, { numPartitions: parts }).mapValues(sum),
    (window) => perKey(window, sum),
  ),
  reduceByKeyAndWindow: windowed(
    (s, windows, { parts }) => s.reduceByKeyAndWindow(add, ...windows, { numPartitions: parts }),
    (window) => perKey(window, sum),
  ),
  reduceByKeyAndWindowInverse: windowed(
    (s, windows, { parts }) => s.reduceByKeyAndWindow(add, subtract, ...windows, { numPartitions: parts }),
    ofAllSeen,
  ),
  reduceByKeyAndWindowFilter: windowed(
    (s, windows, { parts }) =>
      s.reduceByKeyAndWindow(add, subtract, ...windows, {
        numPartitions: parts,
        filterFunc: ([, value]) => value !== 0,
      }),
    (window, past) => ofAllSeen(window, past).filter(([, value]) => value !== 0),
  ),
  updateThatThrows: stateful(
    (s) =>
      s.updateStateByKey((values, total: number | undefined) => {
        const next = (total ?? 0) + sum(values)
        return next > 6 ? refuse() : next
      }),
    (state, records, now) => {
      const values = grouped(records)
      for (const key of new Set([...state.keys(), ...values.keys()])) {
        const next = (state.get(key)?.value ?? 0) + sum(values.get(key) ?? [])
        if (next <= 6) state.set(key, { value: next, touched: now })
      }
      return states(state)
    },
  ),
  updateStateByKey: stateful(
    (s, { parts }) =>
      s.updateStateByKey<number>((values, total = 0) => (total + sum(values) > 9 ? undefined : total + sum(values)), {
        numPartitions: parts,
      }),
    (state, records, now) => {
      addTo(state, records, now)
      for (const [key, { value }] of state) if (value > 9) state.delete(key)
      return states(state)
    },
  ),
  updateStateByPartition: stateful(
    (s, { parts }) =>
      s.updateStateByPartition(
        (entries) => [...entries].map(([key, values, total = 0]): Pair => [key, total + sum(values)]),
        { numPartitions: parts },
      ),
    (state, records, now) => (addTo(state, records, now), states(state)),
  ),
  runningReduceByKey: stateful(
    (s, { parts }) => s.runningReduceByKey(add, { numPartitions: parts }),
    (state, records, now) => (addTo(state, records, now), states(state)),
  ),
  mapWithState: stateful(
    (s, _, timeout) =>
      s.mapWithState<number, Pair>(
        (key, value, state) => {
          if (value === undefined) return [key, state.get()]
          state.update((state.getOption() ?? 0) + value)
          return [key, value * 2]
        },
        { timeout },
      ),
    (state, records, now, idle) => {
      addTo(state, records, now)
      const before = new Map([...state].map(([key, { value }]) => [key, value]))
      const gone = timeOut(state, now, idle).map((key): Pair => [key, before.get(key)!])
      return [...records.map(([key, value]): Pair => [key, value * 2]), ...gone]
    },
  ),
  stateSnapshots: stateful(
    (s, { parts }, timeout) =>
      s
        .mapWithState<number, never>(
          (_, value, state) => {
            if (value !== undefined) state.update((state.getOption() ?? 0) + value)
            return undefined
          },
          { timeout, numPartitions: parts },
        )
        .stateSnapshots(),
    (state, records, now, idle) => {
      addTo(state, records, now)
      timeOut(state, now, idle)
      return states(state)
    },
  ),
  dedupByKey: stateful(
    (s, { parts }) =>
      s
        .dedupByKey({})
        .repartition(parts)
        .mapValues(() => 1),
    (state, records, now) => {
      const fresh = [...grouped(records).keys()].filter((key) => !state.has(key))
      addTo(state, records, now)
      return fresh.map((key) => [key, 1])
    },
  ),
}
