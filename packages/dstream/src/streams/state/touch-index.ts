import type { UndoLog, Cell, BatchVersion } from './cell.js'

/**
 * Finds the keys that nobody has touched for long without looking at the others. The times of batches only grow, so
 * the touches of each batch make one bucket, and buckets stand in order of time by themselves. An entry is never moved:
 * it holds as long as the cell still belongs to that batch, and a bucket is swept when half of it no longer holds. A
 * batch costs what it touches and what expires.
 */
export class TouchIndex<S> {
  readonly #buckets = new Set<BatchVersion<S>>()

  touch(cell: Cell<S>, era: BatchVersion<S>): void {
    cell.turn = era.touches.push(cell) - 1
  }

  /** Cells whose last touch lies strictly before `threshold`, in order of that touch. */
  *expired(threshold: number): Generator<Cell<S>> {
    for (const era of this.#buckets) {
      if (era.version >= threshold) return
      for (const cell of era.touches) if (holds(cell, era)) yield cell
    }
  }

  /** Only now do touches count, so that a batch which is rolled back leaves no trace. */
  commit(era: BatchVersion<S>, before: UndoLog<S>): void {
    era.touches = era.touches.filter((cell, i) => cell.turn === i && holds(cell, era))
    if (era.touches.length > 0) this.#buckets.add(era)
    for (let i = 0; i < before.size; i++) {
      const older = before.eras[i]
      if (older !== undefined && before.values[i] !== undefined) this.#retire(older)
    }
  }

  /** Takes in cells whose `era` and `turn` are set already. */
  restore(cells: Iterable<Cell<S>>): void {
    const eras = new Set<BatchVersion<S>>()
    for (const cell of cells) {
      cell.era.touches.push(cell)
      eras.add(cell.era)
    }
    for (const era of [...eras].sort((a, b) => a.version - b.version)) {
      era.touches.sort((a, b) => a.turn - b.turn)
      this.#buckets.add(era)
    }
  }

  #retire(era: BatchVersion<S>): void {
    era.stale++
    if (era.stale * 2 < era.touches.length) return
    era.touches = era.touches.filter((cell) => holds(cell, era))
    era.stale = 0
    if (era.touches.length === 0) this.#buckets.delete(era)
  }
}

/** A tombstone has no time of its own. */
function holds<S>(cell: Cell<S>, era: BatchVersion<S>): boolean {
  return cell.era === era && cell.value !== undefined
}
