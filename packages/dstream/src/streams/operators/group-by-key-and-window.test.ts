import { Milliseconds, Seconds } from 'dstream'
import { runBatches, TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchesOf, pairs } from '../../../test/laws.js'

type Pair = [string, number]
const rows: Pair[][] = [
  [['a', 1]],
  [
    ['b', 2],
    ['a', 3],
  ],
  [],
  [['a', 4]],
  [],
]
const widths = fc.integer({ min: 1, max: 5 })

test('the values of each key, oldest batch first, keys by their first arrival', async () => {
  const out = await runBatches(rows, (s) => s.groupByKeyAndWindow(Seconds(2), Seconds(1)))
  expect(out).toEqual([
    [['a', [1]]],
    [
      ['a', [1, 3]],
      ['b', [2]],
    ],
    [
      ['b', [2]],
      ['a', [3]],
    ],
    [['a', [4]]],
    [['a', [4]]],
  ])
})

test.each<[string, number, number, [string, number[]][][]]>([
  ['only at every slide', 2, 2, [[['a', [1, 3]], ['b', [2]]], [['a', [4]]]]], // prettier-ignore
  ['a slide longer than the window leaves batches out', 1, 2, [[['b', [2]], ['a', [3]]], [['a', [4]]]]], // prettier-ignore
])('%s', async (_, window, slide, wanted) => {
  const out = await runBatches(rows, (s) => s.groupByKeyAndWindow(Seconds(window), Seconds(slide)))
  expect(out).toEqual(wanted)
})

test('a program may keep and change a group: the next windows have their own', async () => {
  const out = await runBatches(rows, (s) =>
    s.groupByKeyAndWindow(Seconds(3), Seconds(1)).map(([key, values]) => `${key}${values.splice(0).join('+')}`),
  )
  expect(out).toEqual([['a1'], ['a1+3', 'b2'], ['a1+3', 'b2'], ['b2', 'a3+4'], ['a4']])
})

test('is the window, grouped', () =>
  fc.assert(
    fc.asyncProperty(batchesOf(pairs), widths, widths, async (batches, w, s) => {
      const direct = await runBatches<string, number, [string, number[]]>(batches, (x) =>
        x.window(Seconds(w), Seconds(s)).groupByKey(),
      )
      const composed = await runBatches<string, number, [string, number[]]>(batches, (x) =>
        x.groupByKeyAndWindow(Seconds(w), Seconds(s)),
      )
      expect(composed).toEqual(direct)
    }),
    { numRuns: 50 },
  ))

test('windows and slides that are no multiples, and unknown options, are refused where they are written', () => {
  const s = new TestContext({ batchInterval: Seconds(1) }).inputPairs(rows)
  expect(() => s.groupByKeyAndWindow(Milliseconds(1500))).toThrow(/multiple of the slide duration/)
  expect(() => s.groupByKeyAndWindow(Seconds(2), Milliseconds(500))).toThrow(/multiple of the slide duration/)
  expect(() => s.groupByKeyAndWindow(Seconds(2), Seconds(1), { numPartition: 2 } as never)).toThrow(/numPartition/)
})
