import type { EncodedChanges } from '../../base/values/encoded-changes.js'
import { UndoLog, BatchVersion, BatchVersionPool, type Cell, type PinnedValue, type PinnedValues } from './cell.js'

/** The changes of one batch. */
export interface BatchChanges<S> {
  readonly batch: BatchVersion<S>
  readonly undoLog: UndoLog<S>
  /** The changes of packed partitions, which have no cells, by partition. */
  readonly encoded: Map<number, EncodedChanges>
  /** Whether some of its changes are or were encoded: all are then given in order of the partitions, whatever the log's order. */
  isByPartition: boolean
  /** The number of keys before this batch. */
  readonly sizeBefore: number
}

/** Returns the number of cells that a batch has changed, and of those that it would have changed in packed partitions. */
export function changedBy<S>({ undoLog, encoded }: BatchChanges<S>): number {
  let { size } = undoLog
  for (const { counts } of encoded.values()) size += counts.changed
  return size
}

/** A version that is read for longer than undo logs are kept. */
interface Pin<S> {
  count: number
  readonly values: Map<Cell<S>, PinnedValue<S>>
  /** The tombstones whose former values the version can still read. */
  readonly tombstones: Cell<S>[]
}

interface VersionedTable<S> {
  readonly size: number
  /** Called for each tombstone whose former values no version can read any more. */
  purge(cell: Cell<S>): void
}

/** The most undo logs that a read of a pinned version may pass through. */
const MOST_BATCHES = 1000

/**
 * Keeps the undo logs of the batches, by which batches are rolled back and old versions are read. A log is dropped as a
 * whole when the versions before its batch are forgotten and none of them is pinned. While one is pinned, the logs keep at
 * most one entry per key; the entries of older logs are copied into the pin. So a view costs nothing at first, and at most
 * two entries per key, however long it is held.
 */
export class History<S> {
  /** Oldest first. */
  #batches: BatchChanges<S>[] = []
  #open: BatchChanges<S> | undefined
  /** The last batch, kept until the next one begins, so that its changes can be read after `forget`. */
  #last: BatchChanges<S> | undefined
  readonly #pins = new Map<number, Pin<S>>()
  #floor = -Infinity
  readonly #table: VersionedTable<S>
  readonly #versionPool = new BatchVersionPool<S>()
  /** The cleared log of a forgotten batch, for the next batch. */
  #spareLog: UndoLog<S> | undefined

  constructor(table: VersionedTable<S>) {
    this.#table = table
  }

  /** The oldest version that may be read. */
  get floor(): number {
    return this.#floor
  }

  /** The oldest version that may be read, or is pinned. */
  get oldestRead(): number {
    return Math.min(this.#floor, ...this.#pins.keys())
  }

  get last(): BatchChanges<S> | undefined {
    return this.#last
  }

  get open(): BatchChanges<S> | undefined {
    return this.#open
  }

  /** Returns the committed batches after `version`, oldest first. */
  since(version: number): readonly BatchChanges<S>[] {
    return this.#batches.filter(({ batch }) => batch.version > version)
  }

  begin(version: number, sizeBefore: number): BatchVersion<S> {
    const last = this.#last
    this.#last = undefined
    if (last?.batch.undoLog === undefined) this.#reuse(last?.undoLog)
    const undoLog = this.#spareLog ?? new UndoLog<S>()
    this.#spareLog = undefined
    const batch = this.#versionPool.take(version, undoLog)
    this.#open = { batch, undoLog, encoded: new Map(), isByPartition: false, sizeBefore }
    return batch
  }

  /**
   * Gives a committed batch the undo entries of cells that are made of encoded changes only now. Oldest batch first.
   *
   * @param apply changes cells, and records them in the undo log of the batch that it is given
   */
  replay(partition: number, changes: EncodedChanges, apply: (batch: BatchVersion<S>) => void): void {
    const kept = this.#batches.find(({ batch }) => batch.version === changes.version)
    if (kept !== undefined) {
      kept.encoded.delete(partition)
      apply(kept.batch)
      return
    }
    const batch = new BatchVersion<S>(changes.version)
    const undoLog = (batch.undoLog = new UndoLog<S>())
    apply(batch)
    this.#drop({ batch, undoLog, encoded: new Map(), isByPartition: false, sizeBefore: 0 })
  }

  /** Ends the open batch and keeps its changes. */
  commit(): BatchChanges<S> {
    const changes = this.#open!
    this.#open = undefined
    this.#batches.push(changes)
    this.#last = changes
    return changes
  }

  /** Ends the open batch and returns its changes, for the table to undo. */
  rollback(): BatchChanges<S> {
    const changes = this.#open!
    this.#open = undefined
    return changes
  }

  /** Clears a log that no version needs any more. */
  #reuse(undoLog: UndoLog<S> | undefined): void {
    if (undoLog?.clear() === true) this.#spareLog = undoLog
  }

  sizeAt(version: number, sizeNow: number): number {
    return (
      [...this.#batches, this.#open].find((changes) => changes !== undefined && changes.batch.version > version)
        ?.sizeBefore ?? sizeNow
    )
  }

  /** Keeps a version readable until `unpin`. @returns the values kept for it, which grow while batches are forgotten */
  pin(version: number): PinnedValues<S> {
    const pin = this.#pins.get(version) ?? { count: 0, values: new Map<Cell<S>, PinnedValue<S>>(), tombstones: [] }
    pin.count++
    this.#pins.set(version, pin)
    return pin.values
  }

  unpin(version: number): void {
    const pin = this.#pins.get(version)!
    if (--pin.count > 0) return
    this.#pins.delete(version)
    for (const cell of pin.tombstones) this.#purge(cell)
    this.#prune()
  }

  forget(version: number): void {
    if (version <= this.#floor) return
    this.#floor = version
    this.#prune()
  }

  #prune(): void {
    const forgotten = this.#batches.filter(({ batch }) => batch.version <= this.#floor)
    let left = forgotten.reduce((sum, { undoLog }) => sum + undoLog.size, 0)
    const oldestPin = Math.min(...this.#pins.keys())
    for (const [i, oldest] of forgotten.entries()) {
      const isShort = left <= this.#table.size && forgotten.length - i <= MOST_BATCHES
      if (oldest.batch.version > oldestPin && isShort) return
      left -= oldest.undoLog.size
      this.#batches.shift()
      this.#drop(oldest)
    }
  }

  #drop(changes: BatchChanges<S>): void {
    const { batch, undoLog } = changes
    for (const [version, { values: pinned }] of this.#pins)
      if (version < batch.version) copyToPin(undoLog, version, pinned)
    batch.undoLog = undefined
    if (undoLog.drops > 0) {
      for (const cell of undoLog.changed()) if (cell.batch === batch && cell.value === undefined) this.#purge(cell)
    }
    if (changes !== this.#last) this.#reuse(undoLog)
  }

  /** Removes a tombstone that no kept log mentions, or leaves that to the pin that still reads it. */
  #purge(cell: Cell<S>): void {
    for (const { values: pinned, tombstones } of this.#pins.values()) {
      if (pinned.has(cell)) {
        tombstones.push(cell)
        return
      }
    }
    this.#table.purge(cell)
  }
}

/** Copies the undo entries that were already valid at `version` into the pin. */
function copyToPin<S>(undoLog: UndoLog<S>, version: number, pinned: Map<Cell<S>, PinnedValue<S>>): void {
  for (let i = 0; i < undoLog.size; i++) {
    const batch = undoLog.batches[i]
    if (batch === undefined || batch.version > version) continue
    pinned.set(undoLog.cells[i]!, {
      value: undoLog.values[i],
      touched: batch.version,
      touchSequence: undoLog.touchSequenceOf(i),
    })
  }
}
