import type { Recovered } from '../../durable/checkpoint/checkpoint.js'

/** The batch times with which an engine begins, in milliseconds. */
export interface StartTimes {
  /** Time of the first batch that the ticker hands out. */
  readonly first: number
  /** Batches before this time are skipped unless an earlier run had begun them. */
  readonly skipUntil: number
  /** Number of batches that fell due while the program was away. */
  readonly missed: number
}

/**
 * Returns the batch time after the last committed one, on the grid of this program's interval (an earlier run may have
 * had another). Begun batches come first, then the missed ones, then the live ones; `skip` leaves the missed ones out.
 *
 * @param liveMs the first batch time after now
 * @param zeroMs one interval before the first batch ever, the origin of the grid
 */
export function startTimes(
  { lastCommitted, pending }: Pick<Recovered, 'lastCommitted' | 'pending'>,
  missedBatches: 'run' | 'skip',
  liveMs: number,
  zeroMs: number,
  batchMs: number,
): StartTimes {
  const afterOnGrid = (time: number): number => zeroMs + (Math.floor((time - zeroMs) / batchMs) + 1) * batchMs
  const next = afterOnGrid(lastCommitted ?? zeroMs)
  const live = Math.max(next, afterOnGrid(liveMs - batchMs))
  const missed = Math.max(0, (live - next) / batchMs - pending.length)
  if (missedBatches === 'run' || missed === 0) return { first: next, skipUntil: -Infinity, missed }
  return { first: pending.length > 0 ? next : live, skipUntil: live, missed }
}
