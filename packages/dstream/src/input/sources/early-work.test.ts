import { expect, test } from 'vitest'
import type { Block } from '../../durable/blocks/block.js'
import { RDDContext } from '../../rdd/rdd-context.js'
import { rddOf } from '../../rdd/rdd-of.js'
import type { RDD } from '../../rdd/rdd.js'
import { withEarlyBatch } from '../../rdd/execution/early-fold.js'
import { turn } from '../../testing/turn.js'
import { EarlyWork } from './early-work.js'

const sc = new RDDContext()
const sum = (a: number, b: number): number => a + b

/** A receiver's blocks, batches over them, and the words for which the step is called. */
function setUp(refuse: (word: string) => boolean = () => false) {
  const called: string[] = []
  let isBusy = false
  const goOn: (() => void)[] = []
  const work = new EarlyWork({
    runtime: sc.runtime,
    idle: () => (isBusy ? new Promise((resolve) => goOn.push(resolve)) : Promise.resolve()),
  })
  const step = (word: string): [string, number] => {
    called.push(word)
    if (refuse(word)) throw new Error(word)
    return [word, 1]
  }
  const begin = (blocks: readonly Block[], time: number): RDD<[string, number]> => {
    const source = rddOf(
      sc,
      blocks.map(({ payload }) => ({ records: (payload as { records: readonly string[] }).records })),
    )
    withEarlyBatch(
      source.node,
      work.batch(blocks, () => undefined),
    )
    return source.mapToPair(step).reduceByKey(sum).label('reduceByKey', time)
  }
  const setBusy = (busy: boolean): void => {
    isBusy = busy
    for (const resume of busy ? [] : goOn.splice(0)) resume()
  }
  return { work, called, begin, setBusy }
}

function block(...records: string[]): Block {
  return { id: records.join(), streamId: 0, payload: { records }, count: records.length }
}

async function stored(work: EarlyWork, ...blocks: readonly Block[]): Promise<void> {
  for (const each of blocks) work.stored(each)
  await turn()
}

/** Lets a batch do the fold, so that the next one may have it early. */
async function learn({ begin }: ReturnType<typeof setUp>): Promise<void> {
  await begin([], 1).collect()
}

const [a, b, c] = [block('a', 'x'), block('b'), block('c', 'a')]

test('a batch goes on where early work has ended', async () => {
  const job = setUp()
  await learn(job)
  await stored(job.work, a, b)
  expect(job.called).toEqual(['a', 'x', 'b'])
  expect(await job.begin([a, b, c], 3).collect()).toEqual([['a', 2], ['x', 1], ['b', 1]].concat([['c', 1]])) // prettier-ignore
  expect(job.called).toEqual(['a', 'x', 'b', 'c', 'a'])
})

test('nothing is done early before a batch has done the fold', async () => {
  const job = setUp()
  await stored(job.work, a)
  expect(job.called).toEqual([])
  await job.begin([a], 1).collect()
  await stored(job.work, b)
  expect(job.called).toEqual(['a', 'x', 'b'])
})

test('where a batch has done another fold than the last one, two batches in succession have to do the same', async () => {
  const job = setUp()
  await learn(job)
  const other = rddOf<string>(sc, [])
  withEarlyBatch(
    other.node,
    job.work.batch([], () => undefined),
  )
  await other.distinct().label('distinct', 2).collect()
  await job.begin([], 3).collect()
  await stored(job.work, a)
  expect(job.called).toEqual([])
  await job.begin([a], 4).collect()
  await stored(job.work, b)
  expect(job.called).toEqual(['a', 'x', 'b'])
})

test('blocks that are held back keep their work for the batch that gets them', async () => {
  const job = setUp()
  await learn(job)
  await stored(job.work, a)
  await job.begin([], 3).collect()
  await stored(job.work, b)
  expect(await job.begin([a, b], 4).collect()).toEqual([['a', 1], ['x', 1], ['b', 1]]) // prettier-ignore
  expect(job.called).toEqual(['a', 'x', 'b'])
})

test.each([
  ['in another order', [b, a]],
  ['behind a block of an earlier run', [c, a, b]],
  ['without one of them', [b]],
])('the work is dropped where a batch gets the blocks %s', async (_, blocks) => {
  const job = setUp()
  await learn(job)
  await stored(job.work, a, b)
  job.called.length = 0
  await job.begin(blocks, 3).collect()
  expect(job.called).toEqual(blocks.flatMap(({ payload }) => (payload as { records: string[] }).records))
})

test('a batch of other blocks, as one that is run again, leaves the work to the next', async () => {
  const job = setUp()
  await learn(job)
  await stored(job.work, a)
  await job.begin([c], 3).collect()
  await job.begin([a], 4).collect()
  expect(job.called).toEqual(['a', 'x', 'c', 'a'])
})

test('another fold over the same blocks does all the work itself, and so does a second one', async () => {
  const job = setUp()
  await learn(job)
  await stored(job.work, a)
  const source = rddOf(sc, [{ records: ['a', 'x'] }])
  withEarlyBatch(
    source.node,
    job.work.batch([a], () => undefined),
  )
  const other = source.mapToPair((word): [string, number] => [word, 10])
  for (let i = 0; i < 2; i++) {
    const found = other.reduceByKey(sum).label('reduceByKey', 3)
    expect(await found.collect()).toEqual([['a', 10], ['x', 10]]) // prettier-ignore
  }
})

test('an error gives all of it up: the batch meets it, and the next batch is not begun early', async () => {
  let isAway = true
  const job = setUp((word) => isAway && word === 'b')
  await learn(job)
  await stored(job.work, a, b, c)
  expect(job.called).toEqual(['a', 'x', 'b'])
  isAway = false
  expect(await job.begin([a, b, c], 3).count()).toBe(4)
  job.called.length = 0
  const [next, last] = [block('d'), block('e')]
  await stored(job.work, next)
  expect(job.called).toEqual([])
  await job.begin([next], 4).collect()
  job.called.length = 0
  await stored(job.work, last)
  expect(job.called).toEqual(['e'])
})

test('no block is begun while a batch is under way', async () => {
  const job = setUp()
  await learn(job)
  job.setBusy(true)
  await stored(job.work, a)
  expect(job.called).toEqual([])
  job.setBusy(false)
  await turn()
  expect(job.called).toEqual(['a', 'x'])
})

test('a batch that does not do the fold ends it for the next one', async () => {
  const job = setUp()
  await learn(job)
  job.begin([], 3)
  job.begin([], 4)
  await stored(job.work, a)
  expect(job.called).toEqual([])
})

test('a block whose batch has begun before its receiver knows that it is stored waits for no other', async () => {
  const job = setUp()
  await learn(job)
  const batch = job.begin([a], 3)
  await stored(job.work, a)
  expect(await batch.count()).toBe(2)
  await stored(job.work, b)
  expect(await job.begin([b], 4).count()).toBe(1)
  expect(job.called).toEqual(['a', 'x', 'b'])
})

test('nothing is done after the end', async () => {
  const job = setUp()
  await learn(job)
  job.work.close()
  await stored(job.work, a)
  expect(job.called).toEqual([])
})
