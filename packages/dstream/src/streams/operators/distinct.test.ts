import { Seconds } from 'dstream'
import { runBatches, TestContext } from 'dstream/testing'
import { expect, test } from 'vitest'
import { batchwise, words } from '../../../test/laws.js'

test('each record of a batch once, in order of first arrival', () =>
  batchwise(
    words,
    (s) => s.distinct(),
    (batch) => [...new Set(batch)],
  ))

test('a batch knows nothing of the one before; a missing one gives nothing', async () => {
  expect(await runBatches([['a', 'a'], ['a', 'b'], [], null, ['b']], (s) => s.distinct())).toEqual([
    ['a'],
    ['a', 'b'],
    [],
    ['b'],
  ])
})

test('records are compared as keys are, by value', async () => {
  const [out] = await runBatches([[['a', 1] as const, ['a', 1] as const, ['a', 2] as const]], (s) => s.distinct())
  expect(out).toEqual([
    ['a', 1],
    ['a', 2],
  ])
  expect(await runBatches([[0, -0, NaN, NaN]], (s) => s.distinct().count())).toEqual([[2]])
})

test('of a window, over its whole length', async () => {
  const out = await runBatches([['a'], ['a', 'b'], ['c']], (s) => s.window(Seconds(2), Seconds(1)).distinct())
  expect(out).toEqual([['a'], ['a', 'b'], ['a', 'b', 'c']])
})

test('in as many partitions as asked', async () => {
  const [parts] = await runBatches([['a', 'b', 'a']], (s) => s.distinct({ numPartitions: 4 }).glom())
  expect(parts).toHaveLength(4)
  expect(parts?.flat().sort()).toEqual(['a', 'b'])
})

test('what is no key is refused with the record, and unknown options where they are written', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const objects = t.input([[{ a: 1 }]])
  expect(() => t.input([['a']]).distinct({ partitions: 2 } as never)).toThrow(/partitions/)
  // @ts-expect-error a plain object is no key
  t.output(objects.distinct())
  await expect(t.run()).rejects.toMatchObject({ code: 'key-not-allowed' })
})
