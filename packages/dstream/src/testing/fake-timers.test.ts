import { Seconds } from 'dstream'
import { runBatches, TestContext } from 'dstream/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('batches run under fake timers of the test runner', async () => {
  expect(await runBatches([['a'], ['a', 'b']], (words) => words.countByValue())).toEqual([
    [['a', 1]],
    [
      ['a', 1],
      ['b', 1],
    ],
  ])
})

test('advance, until and a graceful stop too', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const { stream, push } = t.source<number>()
  const out = t.output(stream)
  await t.ssc.start()
  push(1)
  await t.advance(Seconds(1))
  await t.until(() => out.batches.length === 1)
  await t.stop()
  expect(out.batches.flat()).toEqual([1])
})
