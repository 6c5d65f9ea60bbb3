import { describe, expect, test } from 'vitest'
import { BatchTimes, type BatchGrid } from '../../base/time/batch-times.js'
import type { StoredTimes } from '../../durable/checkpoint/checkpoint.js'
import { gridsAfter, startTimes, type ProgramTimes } from './start-time.js'

const grid: BatchGrid = { afterMs: 0, untilMs: Infinity, zeroMs: 0, batchMs: 10, slides: new Map() }

/** The first batch times of a program that is back before the batch of 100, on a checkpoint of interval 10 that began at 0. */
function timesOf(stored: Partial<StoredTimes>, program: Partial<ProgramTimes> = {}) {
  const { lastCommitted, pending = [], oldest = 0, grids = [grid] } = stored
  const batchMs = program.batchMs ?? 10
  const liveMs = program.liveMs ?? (Math.floor(99 / batchMs) + 1) * batchMs
  const after = gridsAfter(
    { grids, lastCommitted, pending, oldest },
    { batchMs, slides: new Map(), missedBatches: 'run', liveMs, ...program },
  )
  const times = new BatchTimes(after)
  const { first, ...rest } = startTimes({ lastCommitted, pending, zeroTime: 0 }, times, liveMs)
  const second = times.next(first)
  return { times: [first, second, times.next(second)], ...rest, grids: after.length }
}

type Row = [
  string,
  Partial<StoredTimes>,
  Partial<ProgramTimes>,
  { times: number[]; firstNew: number; missed: number; grids: number },
]

describe('where a program goes on', () => {
  test.each<Row>([
    ['nothing was committed, and all is missed', {}, {}, { times: [10, 20, 30], firstNew: 10, missed: 9, grids: 1 }],
    ['missed batches are run', { lastCommitted: 50 }, {}, { times: [60, 70, 80], firstNew: 60, missed: 4, grids: 1 }],
    ['missed batches are skipped', { lastCommitted: 50 }, { missedBatches: 'skip' }, { times: [100, 110, 120], firstNew: 100, missed: 4, grids: 2 }],
    ['a begun batch comes before the skipped ones', { lastCommitted: 50, pending: [60] }, { missedBatches: 'skip' }, { times: [60, 100, 110], firstNew: 100, missed: 3, grids: 2 }],
    ['only begun batches were missed', { lastCommitted: 80, pending: [90] }, { missedBatches: 'skip' }, { times: [90, 100, 110], firstNew: 100, missed: 0, grids: 1 }],
    ['batches that an earlier run had left out before a begun one stay out', { lastCommitted: 50, pending: [90] }, {}, { times: [90, 100, 110], firstNew: 100, missed: 0, grids: 2 }],
    ['the clock is behind the last commit', { lastCommitted: 200 }, { missedBatches: 'skip' }, { times: [210, 220, 230], firstNew: 210, missed: 0, grids: 1 }],
    ['a longer interval begins behind the last commit', { lastCommitted: 50 }, { batchMs: 40 }, { times: [80, 120, 160], firstNew: 80, missed: 1, grids: 2 }],
    ['a shorter interval', { lastCommitted: 50 }, { batchMs: 4 }, { times: [52, 56, 60], firstNew: 52, missed: 12, grids: 2 }],
    ['begun batches keep their times before a new interval', { lastCommitted: 50, pending: [60, 70] }, { batchMs: 40 }, { times: [60, 70, 80], firstNew: 80, missed: 1, grids: 2 }],
    ['the new interval, with the missed ones skipped', { lastCommitted: 50, pending: [60] }, { batchMs: 7, missedBatches: 'skip' }, { times: [60, 105, 112], firstNew: 105, missed: 6, grids: 2 }],
    ['the interval changes once more before a batch of the second was run', { lastCommitted: 50, grids: [{ ...grid, untilMs: 50 }, { ...grid, afterMs: 50, batchMs: 40 }] }, { batchMs: 20 }, { times: [60, 80, 100], firstNew: 60, missed: 2, grids: 2 }],
    ['grids of which nothing is kept are forgotten', { lastCommitted: 50, oldest: 51 }, { batchMs: 40 }, { times: [80, 120, 160], firstNew: 80, missed: 1, grids: 1 }],
    ['another slide of an operator', { lastCommitted: 90, grids: [{ ...grid, slides: new Map([['w', 20]]) }] }, { slides: new Map([['w', 30]]) }, { times: [100, 110, 120], firstNew: 100, missed: 0, grids: 2 }],
    ['the same slide, and an operator that is gone', { lastCommitted: 90, grids: [{ ...grid, slides: new Map([['w', 20], ['x', 10]]) }] }, { slides: new Map([['w', 20]]) }, { times: [100, 110, 120], firstNew: 100, missed: 0, grids: 1 }],
  ])('%s', (_, stored, program, expected) => {
    expect(timesOf(stored, program)).toEqual(expected)
  }) // prettier-ignore

  test('a new interval counts from the zero of the old one where that is a multiple of it, else from the epoch', () => {
    const zeroOf = (zeroMs: number, batchMs: number): number =>
      gridsAfter(
        { grids: [{ ...grid, zeroMs, afterMs: zeroMs }], lastCommitted: 130, pending: [], oldest: 0 },
        { batchMs, slides: new Map(), missedBatches: 'run', liveMs: 200 },
      ).at(-1)!.zeroMs
    expect([zeroOf(40, 20), zeroOf(40, 30), zeroOf(40, 10)]).toEqual([40, 120, 40])
  })
})
