import { BatchTimes, type BatchGrid } from '../../base/time/batch-times.js'
import type { Recovered, StoredTimes } from '../../durable/checkpoint/checkpoint.js'

/** The program that goes on from a checkpoint, as far as its batch times depend on it. Times are milliseconds. */
export interface ProgramTimes {
  readonly batchMs: number
  /** The slides of its operators by their ids. */
  readonly slides: ReadonlyMap<string, number>
  readonly missedBatches: 'run' | 'skip'
  /** The first batch time after now. */
  readonly liveMs: number
}

/**
 * Returns the grids of a program that goes on from a checkpoint. Begun batches, and those that an operator has yet to pass,
 * keep the times that they were stored with. A new grid begins behind them when the program has another interval or slide,
 * or when missed batches are skipped.
 */
export function gridsAfter(stored: StoredTimes, program: ProgramTimes): readonly BatchGrid[] {
  const { batchMs, missedBatches, liveMs } = program
  const grids = withoutGap(stored)
  const last = grids.at(-1)!
  const doneMs = Math.max(stored.lastCommitted ?? -Infinity, ...stored.pending.slice(-1), last.afterMs)
  const sameInterval = last.batchMs === batchMs
  const zeroMs = sameInterval || last.zeroMs % batchMs === 0 ? last.zeroMs : Math.floor(doneMs / batchMs) * batchMs
  const next: BatchGrid = { afterMs: doneMs, untilMs: Infinity, zeroMs, batchMs, slides: new Map() }
  const first = new BatchTimes([next]).next(Math.max(doneMs, liveMs - batchMs))
  const skips = missedBatches === 'skip' && new BatchTimes([next]).next(doneMs) < first
  if (sameInterval && !skips && sameSlides(last.slides, program.slides)) return grids
  const earlier = [...grids.slice(0, -1), { ...last, untilMs: doneMs }].filter(
    ({ afterMs, untilMs }) => untilMs >= stored.oldest && untilMs > afterMs,
  )
  return [...earlier, skips ? { ...next, afterMs: first - 1 } : next]
}

/** Leaves out the batches between the last commit and the begun batch after it: the run that began that batch had left them out. */
function withoutGap({ grids, lastCommitted, pending }: StoredTimes): readonly BatchGrid[] {
  const last = grids.at(-1)!
  const [begun] = pending
  const doneMs = lastCommitted ?? last.zeroMs
  if (begun === undefined || begun <= last.afterMs || new BatchTimes(grids).next(doneMs) >= begun) return grids
  const before = doneMs > last.afterMs ? [{ ...last, untilMs: doneMs }] : []
  return [...grids.slice(0, -1), ...before, { ...last, afterMs: begun - 1 }]
}

/** Whether the operators of a program have the slides that a checkpoint knows of them. */
function sameSlides(stored: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): boolean {
  return [...stored].every(([id, slideMs]) => (now.get(id) ?? slideMs) === slideMs)
}

/** The batch times with which an engine begins, in milliseconds. */
export interface StartTimes {
  /** Time of the first batch: one that was begun, a missed one, or a live one. */
  readonly first: number
  /** Time of the first batch that no earlier run has begun. */
  readonly firstNew: number
  /** Number of batches that fell due while the program was away. */
  readonly missed: number
}

/**
 * Returns where a program goes on: begun batches come first, then the missed ones, then the live ones.
 *
 * @param liveMs the first batch time after now
 */
export function startTimes(
  { lastCommitted, pending, zeroTime }: Pick<Recovered, 'lastCommitted' | 'pending' | 'zeroTime'>,
  times: BatchTimes,
  liveMs: number,
): StartTimes {
  const committed = lastCommitted ?? zeroTime
  const { zeroMs, batchMs } = times.grids.at(-1)!
  const doneMs = pending.at(-1) ?? committed
  const missed = Math.ceil((liveMs - zeroMs) / batchMs) - Math.floor((doneMs - zeroMs) / batchMs) - 1
  return { first: times.next(committed), firstNew: times.next(doneMs), missed: Math.max(0, missed) }
}
