import type { Journal } from '../journal/journal.js'
import type { StoredTimes } from './checkpoint.js'
import type { StoredState } from './stored-state.js'

/** Returns the batch times of earlier runs, with the slides of the last one. */
export function storedTimes(
  { grids, operators, lastCommitted, remembered }: StoredState,
  journal: Journal,
): StoredTimes {
  const slides = new Map(
    operators.flatMap(({ id, slideMs }) => (slideMs === undefined ? [] : [[id, slideMs] as const])),
  )
  const kept = [...journal.allocations(), ...remembered]
  return {
    grids: grids.map((grid, i) => (i === grids.length - 1 ? { ...grid, slides } : grid)),
    lastCommitted,
    pending: pendingOf(lastCommitted, journal),
    oldest: kept.reduce((oldest, { time }) => Math.min(oldest, time), Infinity),
  }
}

/** Returns the times of the batches that were begun and not committed, ascending. */
export function pendingOf(lastCommitted = -Infinity, journal: Journal): number[] {
  return journal.allocations().flatMap(({ time }) => (time > lastCommitted ? [time] : []))
}
