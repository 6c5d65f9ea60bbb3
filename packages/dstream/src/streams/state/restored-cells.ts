import { detachKey } from '../../base/keys/detach.js'
import { fastKeyOf, type MapKey } from '../../base/keys/key.js'
import { BatchVersion, type Cell } from './cell.js'
import type { StateEntry } from './entry.js'
import { ownState } from './own.js'
import type { StatePartition } from './partition.js'
import { RESTORED_AT_ONCE } from './touch-index.js'

/**
 * Makes cells of entries, in order of first arrival, with no version before them. Pauses about every 1,000 entries.
 *
 * @param cells gets the cells
 */
export function* restoredCells<S>(
  entries: Iterable<StateEntry<S>>,
  partitionOf: (key: MapKey) => StatePartition<S>,
  cells: Cell<S>[],
): Generator<void> {
  const batches = new Map<number, BatchVersion<S>>()
  for (const { key, value, touched, touchSequence } of entries) {
    let batch = batches.get(touched)
    if (batch === undefined) batches.set(touched, (batch = new BatchVersion(touched)))
    const k = fastKeyOf(key)
    const cell = partitionOf(k).add(detachKey(k), ownState(value), batch, undefined)
    cell.touchSequence = touchSequence ?? cells.length
    if (cells.push(cell) % RESTORED_AT_ONCE === 0) yield
  }
}
