import { Seconds, type DStream, type RecordError } from 'dstream'
import { runBatches, testRecovery, TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { batchesOf, pairs } from '../../../test/laws.js'

type Pair = [string, number]
function total(values: number[], n: number = 0): number {
  return values.reduce((a, b) => a + b, n)
}

test('every known key in every batch, all states in order of first arrival', async () => {
  const rows: Pair[][] = [
    [['a', 1]],
    [
      ['b', 2],
      ['a', 3],
    ],
    [],
  ]
  expect(await runBatches(rows, (s) => s.updateStateByKey(total))).toEqual([
    [['a', 1]],
    [
      ['a', 4],
      ['b', 2],
    ],
    [
      ['a', 4],
      ['b', 2],
    ],
  ])
})

test('is the fold over all batches, for any number of partitions', () =>
  fc.assert(
    fc.asyncProperty(batchesOf(pairs), fc.integer({ min: 1, max: 3 }), async (batches, numPartitions) => {
      const states = new Map<string, number>()
      const expected = batches.map((batch) => {
        for (const [k, v] of batch) states.set(k, (states.get(k) ?? 0) + v)
        return [...states].sort()
      })
      const out = await runBatches<string, number, Pair>(batches, (s) => s.updateStateByKey(total, { numPartitions }))
      expect(out.map((batch) => [...batch].sort())).toEqual(expected)
    }),
    { numRuns: 40 },
  ))

test('undefined drops a key; one that comes back stands at the end', async () => {
  const rows: Pair[][] = [
    [
      ['a', 1],
      ['b', 1],
    ],
    [['a', 0]],
    [['a', 5]],
  ]
  const out = await runBatches(rows, (s) =>
    s.updateStateByKey<number>((values, n = 0) => (values.includes(0) ? undefined : total(values, n))),
  )
  expect(out).toEqual([
    [
      ['a', 1],
      ['b', 1],
    ],
    [['b', 1]],
    [
      ['b', 1],
      ['a', 5],
    ],
  ])
})

test('key and time come with the call', async () => {
  const out = await runBatches([[['a', 1]], []] as Pair[][], (s) =>
    s.updateStateByKey<string>((_values, _state, key, time) => `${key}@${time.milliseconds}`),
  )
  expect(out).toEqual([[['a', 'a@1000']], [['a', 'a@2000']]])
})

describe('initial states', () => {
  test('are there before the first batch; the first of a key counts; keys without data are updated too', async () => {
    const calls: [string, number[], number | undefined][] = []
    const out = await runBatches([[['a', 1]]] as Pair[][], (s) =>
      s.updateStateByKey<number>(
        (values, n, key) => {
          calls.push([key, values, n])
          return total(values, n)
        },
        {
          initialState: [
            ['z', 7],
            ['a', 10],
            ['a', 99],
          ],
        },
      ),
    )
    expect(out).toEqual([
      [
        ['z', 7],
        ['a', 11],
      ],
    ])
    expect(calls).toEqual([
      ['z', [], 7],
      ['a', [1], 10],
    ])
  })
})

test('initial states are used in the first batch, with data or without', async () => {
  const initialState: Pair[] = [['a', 10]]
  const rows: (Pair[] | null)[] = [null, [['a', 1]]]
  expect(await runBatches<string, number, Pair>(rows, (s) => s.updateStateByKey(total, { initialState }))).toEqual([
    [['a', 10]],
    [['a', 11]],
  ])
})

test.each<[string, unknown, string]>([
  ['a key that is none', [[{ a: 1 }, 1]], 'key-not-allowed'],
  ['no pairs', ['ab'], 'bad-option'],
  ['no list', 7, 'bad-option'],
])('initial states with %s are refused at the call', (_, initialState, code) => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const stream = t.inputPairs<string, number>([])
  const define = () => stream.updateStateByKey(total, { initialState: initialState as Pair[] })
  expect(define).toThrow(expect.objectContaining({ code }))
})

test('initial states may be an RDD', async () => {
  const out = await runBatches([[['a', 1]]] as Pair[][], (s) =>
    s.updateStateByKey(total, { initialState: s.context.sc.parallelize<Pair>([['b', 2]]) }),
  )
  expect(out).toEqual([
    [
      ['b', 2],
      ['a', 1],
    ],
  ])
})

test('a crash anywhere changes nothing; initial states that are gone stay gone', async () => {
  const { points } = await testRecovery<string>(
    (t, s) => {
      const initialState: Pair[] = [['z', 1]]
      const counted = s.mapToPair((w): Pair => [w, 1])
      t.output(
        counted.updateStateByKey<number>((v, n) => (v.length + (n ?? 0) > 2 ? undefined : total(v, n)), {
          initialState,
        }),
      )
      const gone = counted.updateStateByKey<number>(
        (_values, n, key, time) => (key === 'z' && time.milliseconds > 1000 ? n : undefined),
        { initialState },
      )
      t.output(gone)
    },
    [['a', 'b', 'a'], ['b', 'b'], [], ['c', 'a']],
  )
  expect(points).toBeGreaterThanOrEqual(8)
})

test('a function that throws names operator, batch and record, and leaves all states as they were', async () => {
  const errors: RecordError[] = []
  const rows: Pair[][] = [[['a', 1]], [['b', 1], ['a', -1]], [['a', 2]]] // prettier-ignore
  const t = new TestContext({
    batchInterval: Seconds(1),
    onFailure: 'skip',
    onRecordError: (error) => {
      errors.push(error)
      return errors.length === 1 ? 'fail' : 'skip'
    },
  })
  const out = t.output(
    t.inputPairs<string, number>(rows).updateStateByKey<number>((values, n = 0) => {
      if (values.includes(-1)) throw new Error('negative')
      return total(values, n)
    }),
  )
  await expect(t.run()).rejects.toThrow('negative')
  expect(errors.map((e) => [e.operator, e.time.milliseconds, e.record])).toEqual([
    ['updateStateByKey#1', 2000, ['a', [-1]]],
    ['updateStateByKey#1', 2000, ['a', [-1]]],
  ])
  expect(out.batches.at(-1)).toEqual([
    ['a', 3],
    ['b', 1],
  ])
})

test('a batch without an RDD is one without data; before any data there is none', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const out = t.output(t.inputPairs<string, number>([null, [['a', 1]], null]).updateStateByKey(total))
  await t.run()
  expect(out.times).toEqual([2000, 3000])
  expect(out.batches).toEqual([[['a', 1]], [['a', 1]]])
})

describe('a state is a value', () => {
  test('a Map is lent as a copy: a batch that fails leaves the state as it was', async () => {
    let broken = true
    const t = new TestContext({ batchInterval: Seconds(1), onFailure: 'skip' })
    const stream = t
      .inputPairs<string, number>([[['a', 1]], [['a', 2]], [['a', 3]]])
      .updateStateByKey<Map<number, true>>((values, seen = new Map()) => {
        for (const v of values) seen.set(v, true)
        if (broken && values.includes(2)) throw new Error('after the change')
        return seen
      })
    stream.foreachRDD(() => {})
    await expect(t.run(2)).rejects.toThrow('after the change')
    expect([...stream.get('a')!.keys()]).toEqual([1])
    broken = false
    await t.run()
    expect([...stream.get('a')!.keys()]).toEqual([1, 2, 3])
  })
})

test('types: keys and values infer, the state is given', () => {
  const of = (s: DStream<[string, number]>) => s.updateStateByKey<boolean>((values) => values.length > 0)
  expectTypeOf(of).returns.toExtend<DStream<[string, boolean]>>()
})

test('an RDD of initial states whose records are no pairs is refused in the first batch', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const initialState = t.ssc.sc.parallelize([1, 2]) as never
  t.inputPairs<string, number>([[['a', 1]]]).updateStateByKey<number>((v, n = 0) => n + v.length, { initialState }).print() // prettier-ignore
  await expect(t.run()).rejects.toMatchObject({
    code: 'bad-option',
    message: 'updateStateByKey: initialState must be an RDD or an iterable of pairs [key, state], not 1',
  })
})
