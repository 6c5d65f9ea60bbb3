import type { UndoLog, Cell, BatchVersion } from './cell.js'

/** Cells that a restore handles between two pauses, about a millisecond. */
export const RESTORED_AT_ONCE = 1000

/** The sequences that a partition has in a batch, where partitions are updated each on its own. */
export const SEQUENCES = 2 ** 32

/**
 * Finds the keys that have not been touched since a time, without reading the others. Batch times only grow, so the touches
 * of each batch form one bucket, and the buckets are in order of time. Entries are never moved: an entry is valid as long as
 * the cell still belongs to that batch, and a bucket is swept when half of its entries are stale. The cost of a batch
 * follows the keys that it touches and those that expire.
 */
export class TouchIndex<S> {
  /** In order of time. */
  #buckets = new Set<BatchVersion<S>>()

  touch(cell: Cell<S>, batch: BatchVersion<S>): void {
    cell.touchSequence = batch.firstSequence + batch.touches.push(cell) - 1
  }

  /** The batch time of the oldest last touch, unless that is in the open batch. */
  get oldest(): number | undefined {
    for (const batch of this.#buckets)
      if (batch.touches.some((cell) => isLatestTouch(cell, batch))) return batch.version
    return undefined
  }

  /** Yields the cells whose last touch lies strictly before `threshold`, in order of that touch. */
  *expired(threshold: number): Generator<Cell<S>> {
    for (const batch of this.#buckets) {
      if (batch.version >= threshold) return
      for (const cell of batch.touches) if (isLatestTouch(cell, batch)) yield cell
    }
  }

  /** Adds the touches of a batch to the index. Before its commit they do not count, so a rolled back batch leaves none. */
  commit(batch: BatchVersion<S>, undoLog: UndoLog<S>): void {
    batch.touches = batch.touches.filter(
      (cell, i) => cell.touchSequence % SEQUENCES === i && isLatestTouch(cell, batch),
    )
    if (batch.touches.length > 0) this.#buckets.add(batch)
    for (let i = 0; i < undoLog.size; i++) {
      const older = undoLog.batches[i]
      if (older !== undefined && undoLog.values[i] !== undefined) this.#countStale(older)
    }
  }

  /** Adds cells whose `batch` and `touchSequence` are set already, with pauses. */
  *restore(cells: readonly Cell<S>[]): Generator<void> {
    const added = new Map<BatchVersion<S>, Cell<S>[]>()
    for (const [i, cell] of cells.entries()) {
      const touches = added.get(cell.batch)
      if (touches === undefined) added.set(cell.batch, [cell])
      else touches.push(cell)
      if (i % RESTORED_AT_ONCE === 0) yield
    }
    for (const [batch, touches] of added) {
      // Those of other partitions stay in their order, which their sequences do not tell while a batch is open.
      for (const cell of touches.sort((a, b) => a.touchSequence - b.touchSequence)) batch.touches.push(cell)
      yield
    }
    this.#buckets = new Set([...this.#buckets, ...added.keys()].sort((a, b) => a.version - b.version))
  }

  /** Removes the cells of a partition that is packed. Their values stay for those who are reading them. */
  remove(cells: Iterable<Cell<S>>): void {
    for (const cell of cells) cell.chunk = undefined
    for (const batch of this.#buckets) {
      // What the open batch has touched may be rolled back, and stays.
      batch.touches = batch.touches.filter(({ chunk }) => chunk !== undefined)
      if (batch.touches.length === 0) this.#buckets.delete(batch)
    }
  }

  #countStale(batch: BatchVersion<S>): void {
    batch.stale++
    if (batch.stale * 2 < batch.touches.length) return
    batch.touches = batch.touches.filter((cell) => isLatestTouch(cell, batch))
    batch.stale = 0
    if (batch.touches.length === 0) this.#buckets.delete(batch)
  }
}

/** Returns whether the last touch of a cell was in `batch`; false for a tombstone, which does not expire. */
function isLatestTouch<S>(cell: Cell<S>, batch: BatchVersion<S>): boolean {
  return cell.batch === batch && cell.value !== undefined
}
