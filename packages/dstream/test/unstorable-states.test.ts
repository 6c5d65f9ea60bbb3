import { describe, expect, test } from 'vitest'
import { List } from 'immutable'
import { Seconds, type DStream, type State } from 'dstream'
import { TestContext } from 'dstream/testing'
import { Counter, nested, skippingContext } from './unstorable-values.js'

type Pairs = DStream<[string, number]>

/** What each operator makes of `-1`: a state that cannot be stored. */
function bad(make: () => unknown, n: number): unknown {
  return n < 0 ? make() : n
}

const operators: Record<string, (pairs: Pairs, make: () => unknown) => DStream<[string, unknown]>> = {
  updateStateByKey: (pairs, make) =>
    pairs
      .updateStateByKey<unknown>((values, old) => (values.length === 0 ? old : bad(make, values.at(-1)!)))
      .uid('states'),
  mapWithState: (pairs, make) => {
    const mapped = pairs
      .mapWithState((key, n: number | undefined, state: State<unknown>): [string, unknown] => {
        state.update(bad(make, n!))
        return [key, n]
      })
      .uid('states')
    return mapped.stateSnapshots() as DStream<[string, unknown]>
  },
  runningReduceByKey: (pairs, make) =>
    (pairs as DStream<[string, unknown]>).runningReduceByKey((_, n) => bad(make, n as number)).uid('states'),
}

const values: [name: string, make: () => unknown, reason: RegExp][] = [
  ['a value of 1,001 levels and more', () => nested(1002), /nested more than 1000 levels deep/],
  ['a value of 100,000 levels', () => nested(100_000), /nested more than 1000 levels deep/],
  ['an instance of a class', () => new Counter(), /an instance of Counter cannot be stored/],
  ["an instance in one of immutable's collections", () => List([new Counter()]), /at \[0\]: an instance of Counter/],
  ['a map that holds a function', () => new Map([['f', () => 1]]), /function/],
]

const rows: [string, number][][] = [
  [
    ['a', 1],
    ['b', 1],
  ],
  [
    ['b', 2],
    ['a', -1],
    ['b', 3],
  ],
  [['a', 4]],
]

describe.each(Object.entries(operators))('%s: a state that cannot be stored', (kind, operator) => {
  test.each(values)(
    '%s: onRecordError skip keeps the former state, and every restart goes on',
    async (_, make, says) => {
      const { t, errors } = skippingContext()
      const define = (at: TestContext) => at.output(operator(at.inputPairs(rows), make))
      const out = define(t)
      await t.run(2)
      expect(Object.fromEntries(out.batches[1]!)).toEqual({ a: 1, b: 3 })
      expect(errors).toHaveLength(1)
      expect(errors[0]).toMatchObject({ operator: 'states', record: ['a', kind === 'updateStateByKey' ? [-1] : -1] })
      expect(errors[0]!.message).toMatch(says)
      const next = await t.crashAndRecover(define)
      await next.run(1)
      expect(Object.fromEntries(next.defined.batches.at(-1)!)).toEqual({ a: 4, b: 3 })
      await next.stop()
    },
  )

  test.each(values)(
    '%s: fails the operator by default, and the mended program passes that batch',
    async (_, make, says) => {
      const t = new TestContext({ batchInterval: Seconds(1) })
      const out = t.output(operator(t.inputPairs(rows), make))
      await t.run(1)
      const error: unknown = await t.run(1).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ message: expect.stringMatching(says) })
      expect((error as Error).message).toMatch(/state/i)
      expect(t.errors[0]).toMatchObject({ time: 2000, operator: 'states' })
      // Nothing of the batch has changed the state, and the batch is committed: no restart runs it again and again.
      expect(t.ssc.lastProgress?.batchTime).toBe(2000)
      expect(out.batches).toHaveLength(1)
      const next = await t.crashAndRecover((at) => at.output(operator(at.inputPairs(rows), () => 2)))
      await next.run(1)
      expect(Object.fromEntries(next.defined.batches.at(-1)!)).toEqual({ a: 4, b: 3 })
      await next.stop()
    },
  )
})

test.each([1000, 1001])('a state of %i levels is stored and comes back', async (levels) => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const define = (at: TestContext) =>
    at.output(
      at
        .inputPairs<string, number>([[['a', 1]]])
        .updateStateByKey<unknown>((_, old) => old ?? nested(levels))
        .uid('states'),
    )
  define(t)
  await t.run(1)
  const next = await t.crashAndRecover(define)
  await next.run(1)
  expect(next.defined.batches).toEqual([[['a', nested(levels)]]])
  await next.stop()
})

test('an initial state that cannot be stored fails its operator, not the context', async () => {
  const t = new TestContext({ batchInterval: Seconds(1), onFailure: 'skip' })
  t.output(
    t
      .inputPairs<string, number>([[['a', 1]]])
      .updateStateByKey<unknown>((_, old) => old, { initialState: [['z', new Counter()]] as [string, unknown][] })
      .uid('states'),
  )
  const others = t.output(t.input([[1]]))
  await expect(t.run(1)).rejects.toThrow(/^states: the value of key "z": an instance of Counter cannot be stored/)
  expect(others.batches).toEqual([[1]])
  expect(t.ssc.lastProgress?.batchTime).toBe(1000)
  await t.ssc.stop()
})

test('an incremental window names the key whose value cannot be stored', async () => {
  const t = new TestContext({ batchInterval: Seconds(1), onFailure: 'skip' })
  const pairs = t.inputPairs<string, unknown>([[['a', 1]], [['a', 2]]])
  const add = (): unknown => new Counter()
  t.output(pairs.reduceByKeyAndWindow(add, add, Seconds(3), Seconds(1)).uid('window'))
  await t.run(1)
  await expect(t.run(1)).rejects.toThrow(/^window: the value of key "a": an instance of Counter cannot be stored/)
  expect(t.ssc.lastProgress?.batchTime).toBe(2000)
  await t.ssc.stop()
})
