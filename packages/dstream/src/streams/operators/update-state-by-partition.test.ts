import { HashPartitioner, Seconds } from 'dstream'
import { runBatches, TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchesOf, pairs } from '../../../test/laws.js'

type Pair = [string, number]

test('may change, add and drop keys', async () => {
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

test('entry by entry it is updateStateByKey, in any number of partitions', () =>
  fc.assert(
    fc.asyncProperty(batchesOf(pairs), fc.integer({ min: 1, max: 3 }), async (batches, numPartitions) => {
      const sum = (values: number[], n: number = 0) => values.reduce((a, b) => a + b, n)
      const keep = (n: number) => (n % 5 === 0 ? undefined : n)
      const byPartition = await runBatches<string, number, Pair>(batches, (s) =>
        s.updateStateByPartition<string, number>(
          function* (entries) {
            for (const [key, values, n] of entries) {
              const next = keep(sum(values, n))
              if (next !== undefined) yield [key, next]
            }
          },
          { numPartitions },
        ),
      )
      const byKey = await runBatches<string, number, Pair>(batches, (s) =>
        s.updateStateByKey<number>((values, n) => keep(sum(values, n)), { numPartitions }),
      )
      expect(byPartition).toEqual(byKey)
    }),
    { numRuns: 40 },
  ))

test('a key that leaves its partition is found in its new one; of a key given twice the first counts', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const stream = t
    .inputPairs<string, number>([
      [
        ['a', 1],
        ['b', 2],
      ],
      [],
    ]) // prettier-ignore
    .updateStateByPartition<number, number>(
      (entries) => [...entries].map(([key, values, n]) => [Number(key === 'b'), n ?? values[0]!]),
      {
        partitioner: new HashPartitioner(2),
      },
    )
  const out = t.output(stream)
  await t.run()
  expect([...out.batches[0]!].sort()).toEqual([[0, 1], [1, 2]]) // prettier-ignore
  expect(out.batches[1]).toEqual([[0, 1]])
})

test.each([
  [undefined, true],
  [true, true],
  [false, false],
])('rememberPartitioner %s: the stream says how its keys are spread: %s', async (rememberPartitioner, said) => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const partitioner = new HashPartitioner(2)
  const seen: unknown[] = []
  t.inputPairs<string, number>([[['a', 1]]])
    .updateStateByPartition<string, number>((entries) => [...entries].map(([k, values]) => [k, values.length]), {
      partitioner,
      rememberPartitioner,
    })
    .foreachRDD((rdd) => seen.push(rdd.partitioner))
  await t.run()
  expect(seen).toEqual([said ? partitioner : undefined])
})

test('what is no pair is refused', async () => {
  const out = runBatches([[['a', 1]]] as Pair[][], (s) => s.updateStateByPartition(() => [7] as never))
  await expect(out).rejects.toMatchObject({ code: 'not-a-pair' })
})

test.each([
  ['a number', () => 5],
  ['a Promise, as an async function does', async () => []],
])('a function that gives %s instead of states is told so', async (_, update) => {
  const out = runBatches([[['a', 1]]] as Pair[][], (s) => s.updateStateByPartition(update as never))
  await expect(out).rejects.toThrow('The function of updateStateByPartition returned')
})
