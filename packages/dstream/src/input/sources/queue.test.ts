import { describe, expect, test } from 'vitest'
import { SourceHarness } from '../../../test/source-harness.js'
import type { RDD } from '../../rdd/rdd.js'
import { queue } from './queue.js'
import type { QueueOptions } from './queue.js'

type Elements = (RDD<number> | readonly number[])[]

async function run(elements: Elements, options: QueueOptions<number>, batches: number) {
  const h = new SourceHarness()
  const source = h.add((home) => queue(home, elements, options))
  const out: (number[][] | null)[] = []
  const counts: number[] = []
  for (let i = 1; i <= batches; i++) {
    out.push(await h.maybeBatch(source, i * 1000))
    counts.push(source.info(i * 1000).numRecords)
  }
  return { out, counts }
}

describe('batches', () => {
  test.each<[string, QueueOptions<number>, (number[][] | null)[]]>([
    ['one at a time, then no records', {}, [[[1, 2]], [[3]], [[]], [[]]]],
    ['all that wait, in order', { oneAtATime: false }, [[[1, 2], [3]], [[]], [[]], [[]]]],
    ['a default when empty', { defaultRDD: [7] }, [[[1, 2]], [[3]], [[7]], [[7]]]],
    ['no RDD when empty', { defaultRDD: null }, [[[1, 2]], [[3]], null, null]],
    ['all, no RDD when empty', { oneAtATime: false, defaultRDD: null }, [[[1, 2], [3]], null, null, null]],
  ])('%s', async (_, options, expected) => {
    const { out, counts } = await run([[1, 2], [3]], options, 4)
    expect(out).toEqual(expected)
    expect(counts).toEqual(expected.map((partitions) => partitions?.flat().length ?? 0))
  })

  test('the array is live, and what was read is gone from it', async () => {
    const h = new SourceHarness()
    const elements: Elements = [[1]]
    const source = h.add((home) => queue(home, elements))
    expect(await h.batch(source, 1000)).toEqual([[1]])
    elements.push([2], [3])
    expect(await h.batch(source, 2000)).toEqual([[2]])
    expect(elements).toEqual([[3]])
  })

  test('a batch that is computed again gets what it got before', async () => {
    const h = new SourceHarness()
    const source = h.add((home) => queue(home, [[1], [2]]))
    expect(await h.compute(source, 1000)).toEqual([[1]])
    expect(await h.compute(source, 1000)).toEqual([[1]])
    expect(await h.compute(source, 2000)).toEqual([[2]])
  })

  test('RDDs keep their partitions, and are counted as they are read', async () => {
    const h = new SourceHarness()
    const rdd = h.sc.parallelize([1, 2, 3, 4], { numPartitions: 2 })
    const elements: Elements = [rdd, rdd.filter((n) => n % 2 === 0), [9]]
    const source = h.add((home) => queue(home, elements, { oneAtATime: false, defaultRDD: rdd.filter(() => false) }))
    expect(await h.batch(source, 1000)).toEqual([[1, 2], [3, 4], [2], [4], [9]])
    expect(source.info(1000).numRecords).toBe(7)
    expect(await h.batch(source, 2000)).toEqual([[], []])
    expect(source.info(2000).numRecords).toBe(0)
  })

  test('what is forgotten is let go', async () => {
    const h = new SourceHarness()
    const source = h.add((home) => queue(home, [[1], [2]]))
    await h.batch(source, 1000)
    source.forget!(1000)
    expect(source.info(1000).numRecords).toBe(0)
    expect(await h.compute(source, 2000)).toEqual([[2]])
  })
})

test('it cannot be recovered, and says so in words of Spark', () => {
  const source = new SourceHarness().add((home) => queue(home, []))
  expect(source.refusal!()).toMatchObject({
    code: 'queue-not-recoverable',
    message: expect.stringContaining("queueStream doesn't support checkpointing") as string,
  })
})

test('what is no queue is refused', async () => {
  const h = new SourceHarness()
  expect(() => h.add((home) => queue(home, 5 as never))).toThrow(/queue must be an array of RDDs or arrays, not 5/)
  expect(() => h.add((home) => queue(home, [], { oneAtTime: true } as never))).toThrow(/did you mean "oneAtATime"/)
  const source = h.add((home) => queue(home, ['text' as never]))
  await expect(h.batch(source, 1000)).rejects.toThrow(/an element of the queue must be an RDD or an array, not "text"/)
})

test.each([
  ['frozen', Object.freeze],
  ['sealed', Object.seal],
])('a queue that is %s is refused, at once and later', async (_, close) => {
  const refusal = { code: 'bad-option', message: expect.stringContaining('pass a copy, [...queue]') as string }
  const h = new SourceHarness()
  expect(() => h.add((home) => queue(home, close([[1]]) as number[][]))).toThrow(
    expect.objectContaining(refusal) as Error,
  )
  const elements = [[1], [2]]
  const source = h.add((home) => queue(home, elements))
  expect(await h.batch(source, 1000)).toEqual([[1]])
  close(elements)
  await expect(h.batch(source, 2000)).rejects.toMatchObject(refusal)
})
