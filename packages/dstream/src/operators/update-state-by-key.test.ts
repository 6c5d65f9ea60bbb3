import { Seconds, type DStream } from 'dstream'
import { runBatches, testRecovery, TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { batchesOf, pairs } from '../../test/laws.js'

type Pair = [string, number]
const total = (values: number[], n: number = 0): number => values.reduce((a, b) => a + b, n)

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

test('a batch without an RDD is one without data; before any data there is none', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const out = t.output(t.inputPairs<string, number>([null, [['a', 1]], null]).updateStateByKey(total))
  await t.run()
  expect(out.times).toEqual([2000, 3000])
  expect(out.batches).toEqual([[['a', 1]], [['a', 1]]])
})

describe('a state is a value', () => {
  test('what a function returned is frozen: changing it throws where it happens', async () => {
    const rows: Pair[][] = [[['a', 1]], [['a', 1]]]
    const out = runBatches(rows, (s) =>
      s.updateStateByKey<{ n: number }>((values, state) => {
        if (state === undefined) return { n: values.length }
        state.n++
        return state
      }),
    )
    await expect(out).rejects.toThrow(TypeError)
  })

  test('a Map is lent as a copy: a batch that fails leaves the state as it was', async () => {
    let broken = true
    const t = new TestContext({ batchInterval: Seconds(1) })
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

test('updateStateByPartition: may change, add and drop keys', async () => {
  const rows: Pair[][] = [
    [
      ['a', 1],
      ['b', 1],
    ],
    [['b', 5]],
  ]
  const out = await runBatches(rows, (s) =>
    s.updateStateByPartition(function* (entries): Generator<[string, number]> {
      let sum = 0
      for (const [key, values, state = 0] of entries) {
        if (key === 'sum') continue
        const n = state + values.reduce((a, b) => a + b, 0)
        sum += n
        if (n < 5) yield [key, n]
      }
      yield ['sum', sum]
    }),
  )
  expect(out).toEqual([
    [
      ['a', 1],
      ['b', 1],
      ['sum', 2],
    ],
    [
      ['a', 1],
      ['sum', 7],
    ],
  ])
})

test('dedupByKey: the first of each key, over batches and crashes; with a ttl, again when it has been away', async () => {
  const rows: Pair[][] = [
    [
      ['a', 1],
      ['a', 2],
      ['b', 1],
    ],
    [['a', 3]],
    [],
    [['b', 2]],
  ]
  expect(await runBatches(rows, (s) => s.dedupByKey())).toEqual([
    [
      ['a', 1],
      ['b', 1],
    ],
    [],
    [],
    [],
  ])
  const again = await runBatches(rows, (s) => s.dedupByKey({ ttl: Seconds(2) }))
  expect(again.at(-1)).toEqual([['b', 2]])
  await testRecovery<Pair>((t, s) => void t.output(s.mapToPair((p) => p).dedupByKey({ ttl: Seconds(1) })), rows)
})

test('types: keys and values infer, the state is given', () => {
  const of = (s: DStream<[string, number]>) => s.updateStateByKey<boolean>((values) => values.length > 0)
  expectTypeOf(of).returns.toExtend<DStream<[string, boolean]>>()
})
