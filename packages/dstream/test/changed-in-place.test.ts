import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import { RDDContext, Seconds, Time, type DStream, type RDD, type State, type StateDStream } from '../src/index.js'
import { runBatches, testRecovery, TestContext } from '../src/testing/index.js'

// Functions that change what they are handed, as code without 'use strict' (CommonJS) and with it (ESM). Only a function made
// from text is sloppy here: this file is a module. In both a change counts when it is returned, and changes nothing else.

type F = (...args: any[]) => any
const modes = {
  sloppy: (text: string): F => new Function(`return ${text}`)() as F,
  strict: (text: string): F => new Function(`'use strict'; return ${text}`)() as F,
}
type Counter = { n: number }
type Pairs<V> = DStream<[string, V]>
const numbers = [[['a', 1]], [['a', 2]], [['a', 3]]] as [string, number][][]
const lists = (): [string, number[]][][] => [[['a', [1]]], [['a', [2]]], [['a', [3]]], [['a', [4]]]]
const values = (batches: readonly (readonly unknown[])[]) =>
  batches.map((batch) => batch.map((pair) => (pair as [string, unknown])[1]))

/** A source, a stream made of it, and what the function of a state emits. */
const streams: ((s: DStream<Counter>) => DStream<Counter>)[] = [
  (s) => s,
  (s) => s.map(({ n }) => ({ n })),
  (s) => s.map((r) => ['a', r] as [string, Counter]).mapWithState<number, Counter>((_, r) => r),
]

describe.each(Object.entries(modes))('in %s code', (_, f) => {
  test('the probe: this code ignores a change of a frozen object, or throws', () => {
    const change = f('function (o) { o.n = 2; return o.n }') as unknown as (o: object) => number
    const frozen = Object.freeze({ n: 1 })
    if (f === modes.sloppy) expect(change(frozen)).toBe(1)
    else expect(() => change(frozen)).toThrow(TypeError)
  })

  test('updateStateByKey: a state that is changed and returned is the new state', async () => {
    const add = f('(values, st = { n: 0 }) => { for (const v of values) st.n += v; return st }')
    const out = await runBatches(numbers, (s) => s.updateStateByKey<Counter>(add))
    expect(values(out)).toEqual([[{ n: 1 }], [{ n: 3 }], [{ n: 6 }]])
  })

  test('updateStateByKey: parts, arrays and maps alike', async () => {
    const add = f(
      '(values, st = { list: [0], by: new Map([["n", [0]]]) }) => { for (const v of values) { st.list[0] += v; st.by.get("n")[0] += v }; return st }',
    )
    const out = await runBatches(numbers, (s) => s.updateStateByKey<{ list: number[]; by: Map<string, number[]> }>(add))
    expect(out.map(([[, st]]: any) => [st.list[0], st.by.get('n')[0]])).toEqual([
      [1, 1],
      [3, 3],
      [6, 6],
    ])
  })

  test('a state that is changed, while another one is returned, stays what the function returns', async () => {
    const next = f('(values, st = { n: 0 }) => { const n = st.n + 1; st.n = 99; return { n } }')
    const out = await runBatches(numbers, (s) => s.updateStateByKey<Counter>(next))
    expect(values(out)).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]])
  })

  test('updateStateByPartition', async () => {
    const add = f(
      'function* (entries) { for (const [k, vs, st = { n: 0 }] of entries) { for (const v of vs) st.n += v; yield [k, st] } }',
    )
    const out = await runBatches(numbers, (s) => s.updateStateByPartition<string, Counter>(add))
    expect(values(out)).toEqual([[{ n: 1 }], [{ n: 3 }], [{ n: 6 }]])
  })

  test('mapWithState: a state that is changed and updated, in every call of a batch', async () => {
    const add = f(
      '(key, v, state) => { const st = state.getOption() || { n: 0 }; st.n += v; state.update(st); return st }',
    )
    const rows = [[['a', 1], ['a', 2], ['a', 3]], [['a', 4]]] as [string, number][][] // prettier-ignore
    const out = await runBatches(rows, (s) => s.mapWithState<Counter, Counter>(add))
    expect(out).toEqual([[{ n: 1 }, { n: 3 }, { n: 6 }], [{ n: 10 }]])
  })

  test('mapWithState: a change without an update is refused, with operator, key and cure', async () => {
    const change = f('(key, v, state) => { if (state.exists()) state.get().n += v; else state.update({ n: v }) }')
    const run = runBatches(numbers, (s) => s.mapWithState<Counter, never>(change))
    await expect(run).rejects.toMatchObject({ code: 'state-changed-in-place' })
    await expect(run).rejects.toThrow(
      'The function of mapWithState changed the state of key "a" in place and did not update it: it changed a copy, and the change would be lost; call state.update() with the new value',
    )
    const skipped = await runBatches(numbers, (s) => s.mapWithState<Counter, never>(change).stateSnapshots(), {
      onRecordError: 'skip',
    })
    expect(values(skipped)).toEqual([[{ n: 1 }], [{ n: 1 }], [{ n: 1 }]])
  })

  test('runningReduceByKey', async () => {
    const push = f('(a, b) => { a.push(...b); return a }')
    const out = await runBatches(lists(), (s) => s.runningReduceByKey(push))
    expect(values(out)).toEqual([[[1]], [[1, 2]], [[1, 2, 3]], [[1, 2, 3, 4]]])
  })

  const reducers: Record<string, (s: Pairs<number[]>, push: F) => DStream<unknown>> = {
    reduceByKeyAndWindow: (s, push) => s.reduceByKeyAndWindow(push, Seconds(2)),
    'reduceByKeyAndWindow, inverse': (s, push) =>
      s.reduceByKeyAndWindow(push, f('(a, b) => { a.splice(0, b.length); return a }'), Seconds(2)),
    'window, then reduceByKey': (s, push) => s.window(Seconds(2)).reduceByKey(push),
    reduceByWindow: (s, push) => s.map(([, list]) => list).reduceByWindow(push, Seconds(2)).map((list) => ['a', list]), // prettier-ignore
    'reduceByWindow, inverse': (s, push) =>
      s.map(([, list]) => list).reduceByWindow(push, f('(a, b) => { a.splice(0, b.length); return a }'), Seconds(2)).map((list) => ['a', list]), // prettier-ignore
    groupByKeyAndWindow: (s, push) =>
      s.groupByKeyAndWindow(Seconds(2)).mapValues((groups) => groups.reduce(push as never, [])),
    'groupByKeyAndWindow, its groups changed': (s, push) =>
      s.groupByKeyAndWindow(Seconds(2)).mapValues((groups) => groups.reduce(push as never)),
  }
  test.each(Object.entries(reducers))('%s', async (_, define) => {
    const out = await runBatches(lists(), (s) => define(s, f('(a, b) => { a.push(...b); return a }')))
    expect(values(out)).toEqual([[[1]], [[1, 2]], [[2, 3]], [[3, 4]]])
  })

  test('a reducer that changes and returns its second argument', async () => {
    const push = f('(a, b) => { b.unshift(...a); return b }')
    const both = ['reduceByKeyAndWindow', 'reduceByKeyAndWindow, inverse', 'window, then reduceByKey']
    for (const define of both.map((name) => reducers[name]!)) {
      const out = await runBatches(lists(), (s) => define(s, push))
      expect(values(out)).toEqual([[[1]], [[1, 2]], [[2, 3]], [[3, 4]]])
    }
  })

  test('records of a window are changed for one window only', async () => {
    const times10 = f('(r) => { r.n *= 10; return r }')
    const rows = [[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]
    const out = await runBatches(rows, (s) => s.window(Seconds(3)).map<Counter>(times10))
    expect(out).toEqual([[{ n: 10 }], [{ n: 10 }, { n: 20 }], [{ n: 10 }, { n: 20 }, { n: 30 }]])
    const pairs = await runBatches(numbers, (s) => s.window(Seconds(2)).map<[string, number]>(f('(p) => { p[1] *= 10; return p }'))) // prettier-ignore
    expect(values(pairs)).toEqual([[10], [10, 20], [20, 30]])
  })

  test.each<[string, (s: DStream<Counter>, change: F) => DStream<unknown>]>([
    ['map', (s, change) => s.map(change)],
    ['reduce', (s, change) => s.reduce(change)],
    ['reduceByKey', (s, change) => s.map((r) => ['a', r] as [string, Counter]).reduceByKey(change)],
    ['transform', (s, change) => s.transform((rdd) => rdd.map(change))],
    ['mapPartitions', (s, change) => s.mapPartitions((records) => [...records].map(change))],
  ])('what a window keeps is not changed by another reader of its stream: %s', async (_, reader) => {
    const change = f('(r) => { r.n *= 10; return r }')
    for (const windowFirst of [true, false]) {
      for (const define of streams) {
        const t = new TestContext({ batchInterval: Seconds(1) })
        const s = define(t.input([[{ n: 1 }, { n: 1 }], [{ n: 2 }], [{ n: 3 }]]))
        const spoil = () => t.output(reader(s, change))
        if (!windowFirst) spoil()
        const out = t.output(s.window(Seconds(2)).map(({ n }) => n))
        if (windowFirst) spoil()
        await t.run()
        expect(out.batches).toEqual([
          [1, 1],
          [1, 1, 2],
          [2, 3],
        ])
      }
    }
  })

  test.each<[string, (rdd: RDD<[string, number[]]>, push: F) => Promise<unknown>]>([
    ['reduce', (rdd, push) => rdd.values().reduce(push)],
    ['treeReduce', (rdd, push) => rdd.values().treeReduce(push)],
    ['fold', (rdd, push) => rdd.values().fold([], push)],
    ['reduceByKey', async (rdd, push) => new Map(await rdd.reduceByKey(push).collect()).get('a')],
    ['reduceByKey of whole numbers', async (rdd, push) => new Map(await rdd.map(([, n]) => [7, n] as [number, number[]]).reduceByKey(push).collect()).get(7)], // prettier-ignore
    ['reduceByKeyLocally', async (rdd, push) => (await rdd.reduceByKeyLocally(push)).get('a')],
    ['foldByKey', async (rdd, push) => new Map(await rdd.foldByKey([], push).collect()).get('a')],
  ])('the first argument of %s may be changed, in every attempt and by every output of a batch', async (_, reduce) => {
    const push = f('(a, b) => { a.push(...b); return a }')
    for (const codegen of [true, false]) {
      const sc = new RDDContext({ runtime: { codegen } })
      const given: [string, number[]][] = [['a', [1]], ['a', [2]], ['a', [3]]] // prettier-ignore
      const rdd = sc.parallelize(given, { numPartitions: 2 })
      for (let attempt = 0; attempt < 2; attempt++) expect(await reduce(rdd, push)).toEqual([1, 2, 3])
      expect(given).toEqual([['a', [1]], ['a', [2]], ['a', [3]]]) // prettier-ignore
    }
  })

  test('two outputs of a batch reduce the same records in place', async () => {
    const push = f('(a, b) => { a.push(...b); return a }')
    const t = new TestContext({ batchInterval: Seconds(1) })
    const s = t.inputPairs<string, number[]>([[['a', [1]], ['a', [2]]]]) // prettier-ignore
    const outs = [s.reduceByKey(push), s.map(([, list]) => list).reduce(push), s.runningReduceByKey(push), s.reduceByKeyAndWindow(push, Seconds(2))] // prettier-ignore
    const given = t.output(s)
    const all = outs.map((stream) => t.output(stream as DStream<unknown>))
    await t.run()
    expect(all.map((out) => out.batches[0])).toEqual([[['a', [1, 2]]], [[1, 2]], [['a', [1, 2]]], [['a', [1, 2]]]])
    expect(given.batches).toEqual([[['a', [1]], ['a', [2]]]]) // prettier-ignore
  })

  test('what is remembered for slice is not changed by its readers', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    t.ssc.remember(Seconds(10))
    const s = t.input([[{ n: 1 }], [{ n: 2 }]])
    t.output(s.map(f('(r) => { r.n *= 10; return r }')))
    await t.run()
    const slice = async () => Promise.all((await s.slice(new Time(1000), new Time(2000))).map((rdd) => rdd.collect()))
    const first = await slice()
    first[0]![0]!.n = 99
    expect(await slice()).toEqual([[{ n: 1 }], [{ n: 2 }]])
  })

  test('records of a stream of states, of its view and of a snapshot are copies', async () => {
    const spoil = f('(p) => { p[1].n = 99; return p }')
    const t = new TestContext({ batchInterval: Seconds(1) })
    const states = t
      .inputPairs<string, number>(numbers)
      .updateStateByKey<Counter>((all, st) => ({ n: all.reduce((a, b) => a + b, st?.n ?? 0) }))
    const spoilt = t.output(states.map<[string, Counter]>(spoil))
    const out = t.output(states.map(([, st]) => ({ ...st })))
    await t.run()
    expect([spoilt.batches.at(-1), out.batches]).toEqual([[['a', { n: 99 }]], [[{ n: 1 }], [{ n: 3 }], [{ n: 6 }]]])
    states.get('a')!.n = 7
    for (const [, st] of states.snapshot()) (st as Counter).n = 8
    expect(states.get('a')).toEqual({ n: 6 })
  })
})

test.each<[string, (s: Pairs<number>, check: (n: number) => void) => StateDStream<string, Counter>]>([
  [
    'updateStateByKey',
    (s, check) =>
      s.updateStateByKey<Counter>((all, state) => {
        const sum = (state ?? { n: 0 }) as Counter
        for (const n of all) sum.n += n
        check(sum.n)
        return sum
      }),
  ],
  [
    'runningReduceByKey',
    (s, check) =>
      s
        .mapValues((n) => ({ n }))
        .runningReduceByKey((a, b) => {
          a.n += b.n
          check(a.n)
          return a
        }),
  ],
])('%s: a view taken before, and a batch that fails after the change, show the state as it was', async (_, define) => {
  let broken = false
  const t = new TestContext({ batchInterval: Seconds(1) })
  const states = define(t.inputPairs<string, number>(numbers), (n) => {
    if (broken && n === 6) throw new Error('after the change')
  })
  states.foreachRDD(() => {})
  await t.run(1)
  const view = states.snapshot()
  await t.run(1)
  expect([view.get('a'), states.get('a')]).toEqual([{ n: 1 }, { n: 3 }])
  broken = true
  await expect(t.run(1)).rejects.toThrow('after the change')
  expect(states.get('a')).toEqual({ n: 3 })
})

test('an unchanged copy that is returned is no change of the state', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const rows = [[['a', 1], ['b', 1]], [['a', 1]], []] as [string, number][][] // prettier-ignore
  const states = t
    .inputPairs<string, number>(rows)
    .updateStateByKey<{ n: number[] }>((all, st = { n: [0] }) => (all.length > 0 ? { n: [st.n[0]! + all.length] } : st))
  t.output(states)
  const changed: number[] = []
  states.foreachRDD(() => {
    changed.push(
      (states.operator as never as { table: { lastChanges: { updated: number } } }).table.lastChanges.updated,
    )
  })
  await t.run()
  expect(changed).toEqual([2, 1, 0])
})

test('what a producer emits and a state keeps stays its own: it can go on changing it, and the state keeps its value', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const emitter = new EventEmitter()
  const latest = t.ssc
    .fromEventEmitter<{ user: string; tags: string[] }>(emitter, 'seen')
    .mapToPair((event) => [event.user, event])
    .updateStateByKey<{ user: string; tags: string[] }>((events, before) => events.at(-1) ?? before)
  const out = t.output(latest.mapValues(({ tags }) => tags.join()))
  await t.ssc.start()
  const event = (tag: string) => ({ user: 'ann', tags: [tag] })
  const events = [event('first'), event('second')]
  for (const one of events) {
    emitter.emit('seen', one)
    await t.advance(Seconds(1))
    expect([Object.isFrozen(one), Object.isFrozen(one.tags)]).toEqual([false, false])
    one.tags.push('changed')
    await t.advance(Seconds(1))
  }
  await t.ssc.stop()
  expect(values(out.batches).slice(0, 4)).toEqual([['first'], ['first'], ['second'], ['second']])
})

test.each<[string, unknown, (record: any) => void, unknown]>([
  ['an object', { n: 1 }, (record) => (record.n = 2), { n: 1 }],
  ['an array', [1, 2], (record) => record.push(3), [1, 2]],
  ['a list in a pair', ['a', [1]], (record) => record[1].push(3), ['a', [1]]],
  ['a Map', new Map([['a', 1]]), (record) => record.clear(), new Map([['a', 1]])],
])('what a producer emits and a window keeps stays as it came: %s', async (_, record, change, kept) => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const emitter = new EventEmitter()
  const events = t.ssc.fromEventEmitter(emitter, 'seen')
  const out = t.output(events.window(Seconds(3)))
  const slow = t.output(events.window(Seconds(3), Seconds(3)))
  await t.ssc.start()
  emitter.emit('seen', record)
  for (let batch = 0; batch < 3; batch++) {
    await t.advance(Seconds(1))
    change(record)
  }
  await t.ssc.stop()
  expect([out.batches.slice(0, 3), slow.batches[0]]).toEqual([[[kept], [kept], [kept]], [kept]])
})

test('a crash at every point changes nothing where functions change what they are handed', async () => {
  await testRecovery<string>(
    (t, s) => {
      const pairs = s.map((word): [string, { n: number }] => [word, { n: 1 }])
      const add = (a: { n: number }, b: { n: number }) => {
        a.n += b.n
        return a
      }
      t.output(pairs.runningReduceByKey(add))
      t.output(pairs.reduceByKeyAndWindow(add, Seconds(2)))
      t.output(pairs.window(Seconds(2)).map(([, value]) => (value.n *= 10)))
      t.output(pairs.map(([, value]) => (value.n *= 10)))
      const states = pairs.updateStateByKey<{ n: number }>((all, st) => ({ n: all.length + (st?.n ?? 0) }))
      t.output(states.window(Seconds(2)).map(([, st]) => (st.n *= 10)))
      t.output(states.map(([, st]) => (st.n *= 10)))
      t.output(
        pairs.mapWithState((_key, value, state: State<{ n: number }>) => {
          const sum = (state.getOption() ?? { n: 0 }) as { n: number }
          sum.n += value?.n ?? 0
          state.update(sum)
          return sum.n
        }),
      )
    },
    [['a', 'b'], ['a'], [], ['b', 'a']],
  )
})
