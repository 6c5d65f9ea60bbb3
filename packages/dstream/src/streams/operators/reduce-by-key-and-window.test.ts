import { Milliseconds, Seconds, type DStream, type Duration } from 'dstream'
import { runBatches, TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchesOf, pairs } from '../../../test/laws.js'

type Pair = [string, number]
function add(a: number, b: number): number {
  return a + b
}
function subtract(a: number, b: number): number {
  return a - b
}
function sorted(batches: Pair[][]): Pair[][] {
  return batches.map((batch) => [...batch].sort(([a], [b]) => (a < b ? -1 : 1)))
}
const widths = fc.integer({ min: 1, max: 5 })

const rows: Pair[][] = [
  [['a', 1]],
  [
    ['a', 1],
    ['b', 1],
  ],
  [['b', 1]],
  [],
  [],
  [['a', 2]],
]

test('plain: a key without data in the window is absent', async () => {
  expect(await runBatches(rows, (s) => s.reduceByKeyAndWindow(add, Seconds(2), Seconds(1)))).toEqual([
    [['a', 1]],
    [
      ['a', 2],
      ['b', 1],
    ],
    [
      ['a', 1],
      ['b', 2],
    ],
    [['b', 1]],
    [],
    [['a', 2]],
  ])
})

test('with an inverse: keys whose data has left stay with zero', async () => {
  expect(await runBatches(rows, (s) => s.reduceByKeyAndWindow(add, subtract, Seconds(2), Seconds(1)))).toEqual([
    [['a', 1]],
    [
      ['a', 2],
      ['b', 1],
    ],
    [
      ['a', 1],
      ['b', 2],
    ],
    [
      ['a', 0],
      ['b', 1],
    ],
    [
      ['a', 0],
      ['b', 0],
    ],
    [
      ['a', 2],
      ['b', 0],
    ],
  ])
})

test('the plain form is the reduction of the window', () =>
  fc.assert(
    fc.asyncProperty(batchesOf(pairs), widths, widths, async (batches, w, s) => {
      const direct = await runBatches<string, number, Pair>(batches, (x) =>
        x.window(Seconds(w), Seconds(s)).reduceByKey(add),
      )
      const composed = await runBatches<string, number, Pair>(batches, (x) =>
        x.reduceByKeyAndWindow(add, Seconds(w), Seconds(s)),
      )
      expect(sorted(composed)).toEqual(sorted(direct))
    }),
    { numRuns: 50 },
  ))

test('with an inverse and a filter of what is zero: the plain form without what is zero, any slide', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(pairs, { maxLength: 5 }), { minLength: 1, maxLength: 9 }),
      widths,
      widths,
      async (batches, w, s) => {
        const plain = await runBatches<string, number, Pair>(batches, (x) =>
          x.reduceByKeyAndWindow(add, Seconds(w), Seconds(s)).filter(([, n]) => n !== 0),
        )
        const incremental = await runBatches<string, number, Pair>(batches, (x) =>
          x.reduceByKeyAndWindow(add, subtract, Seconds(w), Seconds(s), { filterFunc: ([, n]) => n !== 0 }),
        )
        expect(sorted(incremental)).toEqual(sorted(plain))
      },
    ),
    { numRuns: 80 },
  ))

test('a filter that hides data still in the window does not spoil later windows', async () => {
  const out = await runBatches([[['a', 5]], [['a', 1]], [['a', 5]], []] as Pair[][], (s) =>
    s.reduceByKeyAndWindow(add, subtract, Seconds(2), Seconds(1), { filterFunc: ([, n]) => n > 5 }),
  )
  expect(out).toEqual([[], [['a', 6]], [['a', 6]], []])
})

test('countByWindow: nothing before the first record, 0 after the last has left', async () => {
  const out = await runBatches([[], ['x', 'y'], ['z'], [], []], (s) => s.countByWindow(Seconds(2), Seconds(1)))
  expect(out).toEqual([[], [2], [3], [1], [0]])
})

test('countByValueAndWindow: a value that has left is gone', async () => {
  const out = await runBatches([['x'], ['x', 'y'], [], []], (s) => s.countByValueAndWindow(Seconds(2), Seconds(1)))
  expect(out).toEqual([
    [['x', 1]],
    [
      ['x', 2],
      ['y', 1],
    ],
    [
      ['x', 1],
      ['y', 1],
    ],
    [],
  ])
})

type Windowed = (s: DStream<Pair>, window: Duration, slide?: Duration) => DStream<unknown>

test.each<[string, Windowed]>([
  ['window', (s, w, slide) => s.window(w, slide)],
  ['reduceByWindow', (s, w, slide) => s.map(([, n]) => n).reduceByWindow(add, w, slide)],
  ['reduceByWindow', (s, w, slide) => s.map(([, n]) => n).reduceByWindow(add, subtract, w, slide)],
  ['countByWindow', (s, w, slide) => s.countByWindow(w, slide)],
  ['countByValueAndWindow', (s, w, slide) => s.countByValueAndWindow(w, slide)],
  ['groupByKeyAndWindow', (s, w, slide) => s.groupByKeyAndWindow(w, slide)],
  ['reduceByKeyAndWindow', (s, w, slide) => s.reduceByKeyAndWindow(add, w, slide)],
  ['reduceByKeyAndWindow', (s, w, slide) => s.reduceByKeyAndWindow(add, subtract, w, slide)],
])(
  '%s: durations that are no multiple of the slide are refused where they are written, in the words of Spark',
  (name, windowed) => {
    const s = new TestContext({ batchInterval: Seconds(1) }).inputPairs<string, number>([[['a', 1]]])
    const words = (what: string, ms: number) =>
      `The ${what} duration of windowed DStream (${ms} ms) must be a multiple of the slide duration of parent DStream (1000 ms). Give ${name} `
    expect(() => windowed(s, Milliseconds(1500))).toThrow(`${words('window', 1500)}1000 ms or 2000 ms`)
    expect(() => windowed(s, Seconds(2), Milliseconds(500))).toThrow(`${words('slide', 500)}1000 ms`)
  },
)

test('unknown options, and a filter that is none, are refused where they are written', () => {
  const s = new TestContext({ batchInterval: Seconds(1) }).inputPairs([[['a', 1]]])
  expect(() => s.reduceByKeyAndWindow(add, Seconds(2), Seconds(1), { filterFunc: () => true } as never)).toThrow(
    /filterFunc/,
  )
  expect(() => s.reduceByKeyAndWindow(add, subtract, Seconds(2), Seconds(1), { filterFunc: 3 as never })).toThrow(
    'reduceByKeyAndWindow: filterFunc must be a function, not 3',
  )
})
