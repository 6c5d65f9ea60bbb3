import { expect, test } from 'vitest'
import { operator } from '../../graph/make.js'
import type { Operator, Read } from '../../graph/operator.js'
import { RDDContext } from '../../../rdd/rdd-context.js'
import { Milliseconds, Seconds } from '../../../base/time/duration.js'
import { dedupByKey } from '../dedup-by-key.js'
import { eachInSlices } from './in-slices.js'
import { mapWithState } from '../map-with-state.js'
import { runningReduceByKey } from '../running-reduce-by-key.js'
import { updateStateByKey } from '../update-state-by-key.js'
import { updateStateByPartition } from '../update-state-by-partition.js'
import { reads } from '../../../../test/reads.js'

type Pair = [string, number]

const rows: Pair[][] = [[['a', 1], ['b', 2], ['a', 3]], [['c', 1]], [], [['b', 1], ['d', 1]]] // prettier-ignore
function sum(values: number[], n: number = 0): number {
  return values.reduce((a, b) => a + b, n)
}

type Define = (parent: Operator<readonly [string, number]>, sc: RDDContext) => Operator
const operators: [string, Define][] = [
  ['updateStateByKey', (p, sc) => updateStateByKey<string, number, number>(p, sum, { sc, numPartitions: 2 })],
  ['runningReduceByKey', (p, sc) => runningReduceByKey(p, (a, b) => a + b, { sc, numPartitions: 2 })],
  [
    'updateStateByPartition',
    (p, sc) =>
      updateStateByPartition<string, number, string, number>(
        p,
        (entries) => [...entries].map(([key, values, n]): Pair => [key, sum(values, n)]),
        { sc },
      ),
  ],
  [
    'mapWithState',
    (p, sc) =>
      mapWithState<string, number, number, Pair>(
        p,
        (key, value, state) => {
          if (!state.isTimingOut()) state.update((state.getOption() ?? 0) + (value ?? 0))
          return [key, state.isTimingOut() ? -1 : state.get()]
        },
        { sc, timeout: Seconds(1) },
      ),
  ],
  ['dedupByKey', (p, sc) => dedupByKey(p, { sc, ttl: Milliseconds(1500) })],
]

/** What an operator gives in each batch, and how often it let the event loop breathe. */
async function run(define: Define, size: number): Promise<{ out: unknown[][]; pauses: number }> {
  let pauses = 0
  const pause = (): Promise<void> => {
    pauses++
    return Promise.resolve()
  }
  const sc = new RDDContext({ runtime: { yielder: { begin: () => ({ size, pause }) } } })
  const parent = operator<readonly [string, number]>({
    kind: 'rows',
    parents: [],
    slideMs: 1000,
    compute: (time) => sc.parallelize(rows[time / 1000 - 1]!),
  })
  const read: Read = reads(async (of, time) => of.compute(time, read))
  const op = define(parent, sc)
  const out: unknown[][] = []
  for (const i of rows.keys()) out.push((await (await op.compute((i + 1) * 1000, read))?.collect()) ?? [])
  return { out, pauses }
}

test.each(operators)('%s gives the same however it is cut into slices', async (_, define) => {
  const whole = await run(define, 1 << 30)
  const cut = await run(define, 1)
  expect(cut.out).toEqual(whole.out)
  expect(whole.pauses).toBe(0)
  expect(cut.pauses).toBeGreaterThan(rows.flat().length)
})

test('several walks go on in the same slices', async () => {
  let begun = 0
  const seen: (string | number)[] = []
  const pause = (): Promise<void> => {
    seen.push('pause')
    return Promise.resolve()
  }
  const begin = () => {
    begun++
    return { size: 3, pause }
  }
  const each = eachInSlices(new RDDContext({ runtime: { yielder: { begin } } }))
  for (const walk of [[1, 2], [3, 4], [], [5, 6, 7]]) await each(walk, (n) => seen.push(n))
  expect(seen).toEqual([1, 2, 3, 'pause', 4, 5, 6, 'pause', 7])
  expect(begun).toBe(1)
})
