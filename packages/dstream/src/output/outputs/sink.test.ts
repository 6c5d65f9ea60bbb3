import { expect, test } from 'vitest'
import { RDDContext } from '../../rdd/rdd-context.js'
import type { Operator } from '../../streams/graph/operator.js'
import { Time } from '../../base/time/time.js'
import { OutputAttempt } from '../delivery/output-attempt.js'
import { toSink, type Sink } from './sink.js'

const parent = { kind: 'queue' } as unknown as Operator<string>
const rdd = new RDDContext().parallelize(['a'])
const attempt = new OutputAttempt(1, false)

/** A sink in memory; `remembers` gives it the method `has`. */
const store = (held: number[], remembers: boolean): Sink<string> & { failing: boolean } => ({
  failing: false,
  lastCommitted: () => (held.length === 0 ? undefined : new Time(Math.max(...held))),
  ...(remembers ? { has: (time: Time) => held.includes(time.milliseconds) } : {}),
  async write({ time }) {
    if (this.failing) throw new Error('away')
    held.push(time.milliseconds)
  },
})

test.each([
  ['nothing', [], [1, 2, 3], [1, 2, 3]],
  ['some batches', [1, 2], [1, 2, 3], [1, 2, 3]],
  ['later batches', [5], [4, 5, 6], [5, 6]],
])('a store that holds %s gets what it has not', async (_, before, run, after) => {
  const held = [...before]
  const output = toSink(parent, store(held, false))
  await output.open!()
  for (const time of run) await output.run(rdd as never, time, attempt)
  expect(held).toEqual(after)
})

test('in any order, a batch that failed goes to a store that can tell that it has it not, once', async () => {
  const held: number[] = []
  const sink = store(held, true)
  const output = toSink(parent, sink, 'any')
  await output.open!()
  await output.run(rdd as never, 1, attempt)
  sink.failing = true
  await expect(output.run(rdd as never, 2, attempt)).rejects.toThrow('away')
  sink.failing = false
  await output.run(rdd as never, 3, attempt)
  const nextLife = toSink(parent, store(held, true), 'any')
  await nextLife.open!()
  for (const time of [2, 3, 2, 4]) await nextLife.run(rdd as never, time, attempt)
  expect(held).toEqual([1, 3, 2, 4])
})

test('any order is refused for a store that cannot tell what it holds', () => {
  const { has: _, ...sink } = store([], true)
  expect(() => toSink(parent, sink, 'any')).toThrow(expect.objectContaining({ code: 'bad-option' }))
})

test('in order, nothing older is written after something newer, whatever the store says', async () => {
  const held = [5]
  const output = toSink(parent, store(held, true))
  await output.open!()
  for (const time of [4, 6]) await output.run(rdd as never, time, attempt)
  expect(held).toEqual([5, 6])
})

test.each([
  ['closes well', () => undefined],
  ['cannot be closed', () => Promise.reject(new Error('nor this'))],
])('a store that was opened and cannot tell what it holds is closed again: one that %s', async (_, close) => {
  let closed = 0
  const away = new Error('away')
  const sink: Sink<string> = {
    ...store([], false),
    lastCommitted: () => Promise.reject(away),
    close: () => {
      closed++
      return close()
    },
  }
  await expect(toSink(parent, sink).open!()).rejects.toBe(away)
  expect(closed).toBe(1)
})
