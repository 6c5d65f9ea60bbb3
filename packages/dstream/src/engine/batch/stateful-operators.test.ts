import { Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import { expect, test } from 'vitest'

const second = { batchInterval: Seconds(1), onFailure: 'skip' } as const
function add(a: number, b: number): number {
  return a + b
}

/** Fails while `broken` says so, on the word `bad`. */
function job(t: TestContext, rows: string[][], broken: () => boolean) {
  return t
    .input(rows)
    .mapToPair((w) => {
      if (broken() && w === 'bad') throw new Error('poison')
      return [w, 1]
    })
    .runningReduceByKey(add)
}

test('an operator that fails owes the batch, and passes it before the next: nothing is lost or counted twice', async () => {
  const t = new TestContext(second)
  let broken = true
  const out = t.output(job(t, [['a', 'bad'], ['a'], ['b'], ['a']], () => broken))
  await expect(t.run(2)).rejects.toThrow('poison')
  expect(t.errors.map(({ time, operator }) => [time, operator])).toEqual([
    [1000, 'mapToPair#1'],
    [1000, 'mapToPair#1'],
  ])
  broken = false
  await t.run()
  expect(out.times).toEqual([1000, 2000, 3000, 4000])
  expect(out.batches.at(-1)).toEqual([
    ['a', 3],
    ['bad', 1],
    ['b', 1],
  ])
})

test('state advances whatever the outputs pull', async () => {
  const t = new TestContext(second)
  const totals = job(t, [['a'], ['a'], ['a']], () => false)
  totals.foreachRDD(() => {})
  await t.run()
  expect(totals.get('a')).toBe(3)
  expect([...totals.snapshot()]).toEqual([['a', 3]])
})

test('a function of an output that fails does not hold the state back', async () => {
  const t = new TestContext(second)
  const totals = job(t, [['a'], ['a']], () => false)
  totals.foreachRDD(() => {
    throw new Error('broken output')
  })
  await expect(t.run()).rejects.toThrow('broken output')
  expect(totals.get('a')).toBe(2)
})

test('a snapshot stays what it was', async () => {
  const t = new TestContext(second)
  const totals = job(t, [['a'], ['a', 'b']], () => false)
  totals.foreachRDD(() => {})
  await t.run(1)
  const before = totals.snapshot()
  await t.run(1)
  expect([...before]).toEqual([['a', 1]])
  expect(before.get('b')).toBeUndefined()
  expect(totals.get('b')).toBe(1)
  before.release()
})
