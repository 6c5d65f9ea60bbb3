import type { MapKey } from '../../base/keys/key.js'

/** Identifies the batch that last changed a cell. Cells share the object, so that undo data can be dropped in one assignment. */
export class BatchVersion<S> {
  version: number
  /** The former contents of its cells, as long as older versions can be read. */
  undoLog: UndoLog<S> | undefined
  /** The cells touched in this batch, in order of touch; only in a timed table. See {@link TouchIndex}. */
  touches: Cell<S>[] = []
  /** Where the sequence of the touches begins that come now: those of a partition lie behind those of the partitions before. */
  firstSequence = 0
  /** The number of `touches` that a later batch has touched or dropped. */
  stale = 0

  constructor(version: number) {
    this.version = version
  }
}

const MADE_AHEAD = 64

/**
 * Allocates versions ahead, so that they are in V8's old generation when cells point at them. A young version would add a
 * write-barrier entry for each changed cell: 1/7 of a window's slide at 20,000 changes.
 */
export class BatchVersionPool<S> {
  readonly #unused = Array.from({ length: MADE_AHEAD }, () => new BatchVersion<S>(-Infinity))
  #next = 0

  take(version: number, undoLog: UndoLog<S>): BatchVersion<S> {
    const batch = this.#unused[this.#next]!
    this.#unused[this.#next] = new BatchVersion(-Infinity)
    this.#next = (this.#next + 1) % MADE_AHEAD
    batch.version = version
    batch.undoLog = undoLog
    batch.firstSequence = 0
    return batch
  }
}

/** One key of a table with its newest value. A cell with the value `undefined` is a tombstone. */
export class Cell<S> {
  readonly key: MapKey
  value: S | undefined
  /** The batch of the last change or touch. */
  batch: BatchVersion<S>
  /** The index of its entry in `batch.undoLog`; -1 when it has none. */
  undoIndex = -1
  /** The index of its touch among the touches of `batch`, behind their first sequence. */
  touchSequence = 0
  /** A place in a list of cells that a loop has made; it counts only where that list has this cell there. */
  mark = 0
  /** Its chunk in the order of first arrival; `undefined` once no version can read the cell. */
  chunk: Chunk<S> | undefined

  constructor(key: MapKey, value: S | undefined, batch: BatchVersion<S>, chunk: Chunk<S>) {
    this.key = key
    this.value = value
    this.batch = batch
    this.chunk = chunk
  }
}

/**
 * Holds the former contents of the cells that a batch changed, in order of first change: entry `i` of each array belongs to
 * one cell. Parallel arrays, because an object per change doubles the cost of a change; reused by a later batch, because
 * growing new arrays in every batch doubles it again.
 */
export class UndoLog<S> {
  readonly cells: (Cell<S> | undefined)[] = []
  readonly values: (S | undefined)[] = []
  /** `undefined` for a cell that the batch created. */
  readonly batches: (BatchVersion<S> | undefined)[] = []
  readonly undoIndexes: number[] = []
  /** Only in a timed table; in others the touch sequence never changes. */
  readonly touchSequences: number[] = []
  /** The number of cells that the batch has made tombstones. */
  drops = 0
  /** The number of entries in use; the arrays may be longer. */
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Records a cell that is about to change. */
  add(cell: Cell<S>, timed: boolean): void {
    this.#note(cell, cell.value, cell.batch, timed ? cell.touchSequence : undefined)
  }

  /** Records a cell that the batch has created. */
  addNew(cell: Cell<S>, timed: boolean): void {
    this.#note(cell, undefined, undefined, timed ? -1 : undefined)
  }

  #note(
    cell: Cell<S>,
    value: S | undefined,
    batch: BatchVersion<S> | undefined,
    touchSequence: number | undefined,
  ): void {
    const index = this.#size++
    this.cells[index] = cell
    this.values[index] = value
    this.batches[index] = batch
    // -1 for a new cell.
    this.undoIndexes[index] = cell.undoIndex
    if (touchSequence !== undefined) this.touchSequences[index] = touchSequence
    cell.undoIndex = index
  }

  touchSequenceOf(index: number): number {
    return this.touchSequences[index] ?? this.cells[index]!.touchSequence
  }

  /** Yields the cells, in order of first change. */
  *changed(): Generator<Cell<S>> {
    for (let i = 0; i < this.#size; i++) yield this.cells[i]!
  }

  /** Clears the log for another batch. @returns whether to reuse it: arrays much longer than their last use waste memory */
  clear(): boolean {
    const size = this.#size
    this.#size = this.drops = 0
    this.cells.fill(undefined, 0, size)
    this.values.fill(undefined, 0, size)
    this.batches.fill(undefined, 0, size)
    return this.cells.length <= Math.max(1024, 4 * size)
  }
}

/** The contents of a cell as of a pinned version, kept after the undo logs between it and now are gone. */
export interface PinnedValue<S> {
  readonly value: S | undefined
  readonly touched: number
  readonly touchSequence: number
}

/** The cells kept for one pinned version. */
export type PinnedValues<S> = ReadonlyMap<Cell<S>, PinnedValue<S>>

/** Returns the value as of the end of batch `version`. */
export function valueAt<S>(cell: Cell<S>, version: number, pinned?: PinnedValues<S>): S | undefined {
  let { value, batch, undoIndex } = cell
  while (batch.version > version) {
    const { undoLog } = batch
    if (undoLog === undefined) return pinned?.get(cell)?.value
    const older = undoLog.batches[undoIndex]
    if (older === undefined) return undefined
    value = undoLog.values[undoIndex]
    undoIndex = undoLog.undoIndexes[undoIndex]!
    batch = older
  }
  return value
}

/** Returns the last change or touch of a cell as of the end of batch `version`, in which the cell had a value. */
export function touchedAt<S>(
  cell: Cell<S>,
  version: number,
  pinned?: PinnedValues<S>,
): { readonly touched: number; readonly touchSequence: number } {
  let { batch, undoIndex, touchSequence } = cell
  while (batch.version > version) {
    const { undoLog } = batch
    const older = undoLog?.batches[undoIndex]
    if (undoLog === undefined || older === undefined) return pinned!.get(cell)!
    touchSequence = undoLog.touchSequenceOf(undoIndex)
    undoIndex = undoLog.undoIndexes[undoIndex]!
    batch = older
  }
  return { touched: batch.version, touchSequence }
}

/** A segment of the order of arrival. A removed chunk keeps its `next`, so that an iterator on it can go on. */
export class Chunk<S> {
  cells: Cell<S>[] = []
  /** The number of `cells` that are removed and wait for the next sweep. */
  removed = 0
  previous: Chunk<S> | undefined
  next: Chunk<S> | undefined = undefined

  constructor(previous: Chunk<S> | undefined) {
    this.previous = previous
    if (previous !== undefined) previous.next = this
  }
}
