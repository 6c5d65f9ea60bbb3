import type { MapKey } from '../../base/keys/key.js'
import { valueAt, type Cell } from './cell.js'
import type { Change } from './entry.js'
import type { BatchChanges } from './history.js'
import { decodedChanges } from './packed-partition.js'

/** Yields the changes of a batch, in the order in which they are to be applied: by partition, where some have no cells. */
export function* changesOfBatch<S>(
  { batch, undoLog, encoded, isByPartition }: BatchChanges<S>,
  numPartitions: number,
  partitionFor: (key: MapKey) => number,
): Generator<Change<S>> {
  if (!isByPartition) {
    yield* changesOfCells(undoLog.changed(), batch.version)
    return
  }
  const cells = Array.from({ length: numPartitions }, (): Cell<S>[] => [])
  for (const cell of undoLog.changed()) cells[partitionFor(cell.key)]!.push(cell)
  for (const [partition, changed] of cells.entries()) {
    yield* changesOfCells(changed, batch.version)
    const changes = encoded.get(partition)
    if (changes !== undefined) yield* decodedChanges(changes) as Generator<Change<S>>
  }
}

function* changesOfCells<S>(cells: Iterable<Cell<S>>, version: number): Generator<Change<S>> {
  for (const cell of cells) {
    const value = valueAt(cell, version)
    yield { key: cell.key, value, touched: version, touchSequence: cell.touchSequence, gone: value === undefined }
  }
}
