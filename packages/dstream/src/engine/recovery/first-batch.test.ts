import { expect, test } from 'vitest'
import { BatchTimes, firstGrid } from '../../base/time/batch-times.js'
import { firstBatchBehind, type FirstBatchOptions } from './first-batch.js'

const times = new BatchTimes([firstGrid(0, 10)])

/** @param last the last batches of the outputs */
function behind(last: readonly (number | undefined)[], known: number | undefined, onOutputAhead = 'refuse') {
  const outputs = last.map((lastCommitted, i) => ({ id: `to#${i + 1}`, lastCommitted }))
  const options = { outputs, known, first: 50, times, onOutputAhead } as FirstBatchOptions
  return firstBatchBehind(options)
}

test.each([
  ['no output tells', [undefined], undefined],
  ['what a run without a checkpoint has left lies behind its first batch', [40], undefined],
  ['the checkpoint knows all of them', [40, 30, undefined], 40],
  ['a batch that was begun', [45], 45],
])('%s: nothing changes', (_, last, known) => {
  expect(behind(last, known)).toEqual({ first: 50, reason: undefined })
})

test.each([
  ['the first batch itself', [50], 60],
  ['a later one, of the furthest of several', [60, undefined, 75], 80],
])('without a checkpoint, an output holds %s: the first batch comes behind it', (_, last, first) => {
  const found = behind(last, undefined)
  expect(found.first).toBe(first)
  const id = `to#${last.indexOf(Math.max(...last.map((time) => time ?? 0))) + 1}`
  expect(found.reason).toBe(
    `${id} holds the batch of ${Math.max(...last.map((time) => time ?? 0))} ms, of an earlier run. The first new batch is that of ${first} ms.`,
  )
})

test('a checkpoint that an output is ahead of is refused, with both times and the ways out', () => {
  expect(() => behind([40, 70], 40)).toThrow(
    expect.objectContaining({
      code: 'output-ahead',
      message: expect.stringMatching(
        /^to#2 holds the batch of 70 ms, and the checkpoint ends at the batch of 40 ms.*onOutputAhead: 'continue' the first new batch is that of 80 ms/,
      ) as string,
    }),
  )
})

test('or gone on from, behind the output', () => {
  expect(behind([40, 70], 40, 'continue')).toEqual({
    first: 80,
    reason:
      'to#2 holds the batch of 70 ms, and the checkpoint ends at that of 40 ms. The first new batch is that of 80 ms.',
  })
})
