import { expect, test } from 'vitest'
import { collectGarbage } from '../../../../test/collect-garbage.js'
import { operator } from '../../graph/make.js'
import type { Operator, Read } from '../../graph/operator.js'
import { RDDContext } from '../../../rdd/rdd-context.js'
import type { RDD } from '../../../rdd/rdd.js'
import { reduceByKeyAndWindowIncrementally } from '../reduce-by-key-and-window-incrementally.js'
import { reads } from '../../../../test/reads.js'

function heap(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

const perBatch = 100
const batches = 10
const size = 20_000
/** A word cut out of a message of 20 kB. */
function word(i: number) {
  return `${'m'.repeat(size)} word${String(i).padStart(20, '0')} n`.split(' ')[1]!
}
function words(batch: number) {
  return Array.from({ length: perBatch }, (_, i): [string, number] => [word(batch * 50 + i), 1])
}

test.each([
  ['one batch', 1000],
  ['several batches', 2000],
])('what a window with a slide of %s holds keeps no message alive', async (_, slideMs) => {
  const sc = new RDDContext()
  const parent = operator<readonly [string, number]>({
    kind: 'words',
    parents: [],
    slideMs: 1000,
    compute: (time) => sc.parallelize(words(time / 1000)),
  })
  const window = reduceByKeyAndWindowIncrementally(
    parent,
    (a, b) => a + b,
    (a, b) => a - b,
    batches * 1000,
    slideMs,
    { sc },
  )
  const [reduced] = window.parents
  const held = new Map<number, RDD<unknown>>()
  const read: Read = reads(async <U>(of: Operator<U>, time: number) => {
    if (time <= 0) return undefined
    if (of !== (reduced as Operator)) return of.compute(time, read)
    const rdd = (held.get(time) as RDD<U> | undefined) ?? (await of.compute(time, read))!
    held.set(time, rdd)
    return rdd
  })

  const before = heap()
  for (let time = slideMs; time <= batches * 1000; time += slideMs) await window.compute(time, read)
  expect(heap() - before).toBeLessThan((perBatch * batches * size) / 10)

  expect(held.size).toBe(batches)
  const again = await Promise.all([...held].map(async ([time, rdd]) => [time, await rdd.collect()]))
  expect(again).toEqual([...held.keys()].map((time) => [time, words(time / 1000)]))
})
