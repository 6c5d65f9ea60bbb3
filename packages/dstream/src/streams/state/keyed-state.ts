import { stateNotEmpty, stateNotOpen, stateOutOfOrder, stateVersionForgotten } from '../../base/errors/state.js'
import { detachKey } from '../../base/keys/detach.js'
import { fastKeyOf, type Key, type MapKey } from '../../base/keys/key.js'
import { partitionOf, type Partitioner } from '../../base/keys/partitioner.js'
import type { ChangeCounts } from '../../base/values/encoded-changes.js'
import type { BatchVersion, Cell, PinnedValues } from './cell.js'
import { changesOfBatch } from './changes.js'
import type { Change, StateEntry } from './entry.js'
import { isUnchanged, ownState } from './own.js'
import { changedBy, History } from './history.js'
import { Packing } from './packing.js'
import { StatePartition } from './partition.js'
import { restoredCells } from './restored-cells.js'
import { SEQUENCES, TouchIndex } from './touch-index.js'
import { PinnedView, type StateView } from './view.js'

export interface KeyedStateOptions {
  /** Spreads the keys over partitions; by default there is one partition. */
  readonly partitioner?: Partitioner | undefined
  /** When true, every set counts as a touch, also of an equal value, and `expired` finds the keys not touched since a time. */
  readonly timed?: boolean
}

/**
 * The table of one stateful operator. A version is a batch time. Values are versioned, not copied: the table holds the
 * newest values and the undo logs of those batches that a rollback, a view or a window may still need. `undefined` means
 * no value; the table holds copies of its own: see `ownState`. Keys keep the order of their first arrival through rollbacks and
 * restores; a key that is dropped and added again goes to the end.
 */
export class KeyedState<S> {
  readonly partitioner: Partitioner | undefined
  readonly timed: boolean
  /** The id of the operator, for messages and counts; known once the engine opens. */
  operatorId: string | undefined
  /**
   * Returns when a key and its value can be stored, and throws otherwise. Only set where they are to be stored.
   */
  storable: ((key: Key, value: S) => void) | undefined
  /** Which partitions are packed, and how they come to be. */
  readonly packing: Packing<S>
  /** `undefined` for a packed partition. */
  readonly #partitions: (StatePartition<S> | undefined)[]
  readonly #history: History<S> = new History<S>(this)
  readonly #touches = new TouchIndex<S>()
  #version: number | undefined
  /** The open batch. */
  #openBatch: BatchVersion<S> | undefined
  #size = 0
  /** Whether the open batch checks each value when it is set. */
  #checksEachValue = false
  #hasUnchecked = false
  /** The number of keys that the open or last batch dropped, and of cells that it created and dropped. */
  #removed = 0
  #createdAndDropped = 0
  /** The last key looked up, as given, and its cell: `set` mostly follows `get`. */
  #recentKey: Key | undefined
  #recent: Cell<S> | undefined

  constructor(options: KeyedStateOptions = {}) {
    this.partitioner = options.partitioner
    this.timed = options.timed ?? false
    this.#partitions = Array.from({ length: this.partitioner?.numPartitions ?? 1 }, () => new StatePartition<S>())
    this.packing = new Packing<S>({
      table: this,
      partitions: this.#partitions,
      history: this.#history,
      touches: this.#touches,
      count: (counts, times) => this.#count(counts, times),
    })
  }

  get numPartitions(): number {
    return this.#partitions.length
  }

  /** The last committed batch; `undefined` before the first. */
  get version(): number | undefined {
    return this.#version
  }

  /** The number of keys with a value, changes of the open batch included. */
  get size(): number {
    return this.#size
  }

  // ── one batch ───────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * @param checksEachValue whether a value that cannot be stored is refused when it is set, by `set`, `add` and `write`
   * @throws `state-out-of-order` unless `version` lies after the last committed one and no batch is open
   */
  begin(version: number, checksEachValue = false): void {
    const last = this.#openBatch?.version ?? this.#version ?? -Infinity
    if (this.#openBatch !== undefined || version <= last) throw stateOutOfOrder(version, last)
    this.#openBatch = this.#history.begin(version, this.#size)
    this.#createdAndDropped = this.#removed = 0
    this.#checksEachValue = checksEachValue
    this.#hasUnchecked = false
  }

  /** Begins the update of a partition on its own, whose touches lie behind those of the partitions before, whoever does which first. */
  beginPartition(partition: number): void {
    this.#mustBeOpen('update').firstSequence = partition * SEQUENCES
  }

  /** Whether the open batch checks each value when it is set. */
  get checksEachValue(): boolean {
    return this.#checksEachValue
  }

  /** The cells that the open batch has changed, in order of first change. */
  get changed(): Iterable<Cell<S>> {
    return this.#mustBeOpen('read').undoLog!.changed()
  }

  /** What the changes of the open batch come to so far. */
  get openCounts(): ChangeCounts {
    const { undoLog, sizeBefore } = this.#history.open!
    const oldest = this.#touches.oldest ?? (this.#size > 0 ? this.#openBatch!.version : Infinity)
    return {
      changed: undoLog.size,
      removed: this.#removed,
      createdAndDropped: this.#createdAndDropped,
      grown: this.#size - sizeBefore,
      size: this.#size,
      oldestTouch: this.timed ? oldest : undefined,
    }
  }

  /** Whether the open batch has set anything that has to be checked before it is stored. */
  get hasUnchecked(): boolean {
    return this.#hasUnchecked
  }

  /** The cells that the open batch has changed, if they are to be checked before they are stored. */
  get unchecked(): Iterable<Cell<S>> {
    return this.#hasUnchecked ? this.changed : []
  }

  /** Returns the value in the open batch itself; a function of the user gets `handOut` of it. */
  get(key: Key): S | undefined {
    const cell = this.cell(key)
    if (cell === undefined) return undefined
    this.#recentKey = key
    this.#recent = cell
    return cell.value
  }

  /** @throws `key-not-allowed`, `state-not-data` */
  set(key: Key, value: S | undefined): void {
    if (value === undefined) {
      this.delete(key)
      return
    }
    const recent = key === this.#recentKey ? this.#recent : undefined
    const cell = recent?.value === undefined ? this.cell(key) : recent
    if (cell === undefined) this.add(key, value)
    else this.write(cell, value)
  }

  /** Marks a known key as changed without changing its value. */
  touch(key: Key): void {
    const cell = this.cell(key)
    if (cell !== undefined) this.refresh(cell)
  }

  delete(key: Key): void {
    const cell = this.cell(key)
    if (cell !== undefined) this.drop(cell)
  }

  commit(): void {
    const openBatch = this.#mustBeOpen('commit')
    const { undoLog } = this.#history.commit()
    if (this.timed) this.#touches.commit(openBatch, undoLog)
    this.#version = openBatch.version
    this.#openBatch = undefined
    // The key may be a substring that keeps a long text alive.
    this.#recentKey = undefined
  }

  /** Undoes the open batch, order included. */
  rollback(): void {
    this.#mustBeOpen('roll back')
    this.packing.rollback()
    const { undoLog, sizeBefore } = this.#history.rollback()
    for (let i = undoLog.size - 1; i >= 0; i--) {
      const cell = undoLog.cells[i]!
      const batch = undoLog.batches[i]
      cell.value = undoLog.values[i]
      if (batch === undefined) this.#partitionOf(cell.key).undoAdd(cell)
      else {
        cell.touchSequence = undoLog.touchSequenceOf(i)
        cell.undoIndex = undoLog.undoIndexes[i]!
        cell.batch = batch
      }
    }
    this.#size = sizeBefore
    this.#openBatch = undefined
  }

  // ── cells, for loops that look a key up once ────────────────────────────────────────────────────────────────────

  /** Returns the cell of a key that has a value. */
  cell(key: Key): Cell<S> | undefined {
    const k = fastKeyOf(key)
    const cell = this.#partitionOf(k).find(k)
    return cell === undefined || cell.value === undefined ? undefined : cell
  }

  /**
   * Finds the cells of many keys at once, from index `from` to before `until`. Searches all keys before it reads any cell:
   * the searches do not depend on each other, so the processor waits for many cells at once.
   */
  findCells(keys: readonly Key[], cells: (Cell<S> | undefined)[], from: number, until: number): void {
    for (let i = from; i < until; i++) {
      const k = fastKeyOf(keys[i]!)
      cells[i] = this.#partitionOf(k).find(k)
    }
    for (let i = from; i < until; i++) if (cells[i]?.value === undefined) cells[i] = undefined
  }

  /** Adds a cell for a key that has no value. */
  add(key: Key, value: S): Cell<S> {
    const batch = this.#mustBeOpen('change')
    const isAtom = (typeof value === 'number' || typeof value === 'string') && typeof key !== 'object'
    return this.#addOwn(fastKeyOf(key), isAtom ? value : this.#accept(key, value), batch)
  }

  #addOwn(k: MapKey, own: S, batch: BatchVersion<S>): Cell<S> {
    const partition = this.#partitionOf(k)
    const cell = partition.add(detachKey(k), own, batch, partition.find(k))
    batch.undoLog!.addNew(cell, this.timed)
    if (this.timed) this.#touches.touch(cell, batch)
    this.#size++
    return cell
  }

  /** Sets the value of a cell that has one. */
  write(cell: Cell<S>, value: S): void {
    if (!this.timed && Object.is(cell.value, value)) return
    const own = typeof value === 'number' || typeof value === 'string' ? value : this.#accept(cell.key, value)
    if (cell.batch !== this.#openBatch) this.#change(cell)
    if (this.timed) this.#touches.touch(cell, this.#openBatch!)
    cell.value = own
  }

  /** Sets the value that a function returned which was handed a copy of the old one: the copy itself may be unchanged. */
  writeBack(cell: Cell<S>, value: S, handed: S | undefined): void {
    const isCopy = typeof value === 'object' && value === handed
    if (!isCopy || isUnchanged(cell.value, handed) !== true) this.write(cell, value)
    else if (this.timed) this.refresh(cell)
  }

  /**
   * Sets a value that belongs to the table already, since it comes from a copy of the table. It counts as a change, also where it is
   * equal to the one before.
   *
   * @param cell the cell of the key, where it has a value
   */
  adopt(key: Key, cell: Cell<S> | undefined, own: S): void {
    if (cell === undefined) {
      this.#addOwn(fastKeyOf(key), own, this.#mustBeOpen('change'))
      return
    }
    this.refresh(cell)
    cell.value = own
  }

  /** Touches a cell that has a value. */
  refresh(cell: Cell<S>): void {
    this.#change(cell)
    if (this.timed) this.#touches.touch(cell, this.#openBatch!)
  }

  /** Makes a tombstone of a cell that has a value. */
  drop(cell: Cell<S>): void {
    this.#change(cell)
    cell.value = undefined
    this.#size--
    const undoLog = cell.batch.undoLog!
    undoLog.drops++
    if (undoLog.batches[cell.undoIndex] === undefined) this.#createdAndDropped++
    else this.#removed++
  }

  /** Returns the index of the partition that a key belongs to. */
  partitionFor(key: Key): number {
    return this.partitioner === undefined ? 0 : partitionOf(this.partitioner, key)
  }

  /** Returns the cells of a partition in order of first arrival, in chunks; cells without a value are tombstones. */
  chunks(partition: number): Iterable<readonly Cell<S>[]> {
    return this.#cellsOf(partition).chunks()
  }

  /**
   * Returns the cells last touched strictly before `threshold`, in order of that touch. Only in a timed table.
   *
   * @param only the one partition whose cells have to be among them
   */
  expired(threshold: number, only?: number): Iterable<Cell<S>> {
    for (const partition of this.packing.touchedBefore(threshold)) {
      if (only === undefined || partition === only) this.#cellsOf(partition)
    }
    return this.#touches.expired(threshold)
  }

  /** Yields partitions with keys that were last touched strictly before `threshold`; one may be among them more than once. */
  *expiredPartitions(threshold: number): Generator<number> {
    yield* this.packing.touchedBefore(threshold)
    for (const { key } of this.#touches.expired(threshold)) yield this.partitionFor(key)
  }

  // ── committed versions ──────────────────────────────────────────────────────────────────────────────────────────

  /** Returns the value as of a committed version, by default the last. @throws `key-not-allowed`, `state-version-forgotten` */
  at(key: Key, version?: number): S | undefined {
    const readableVersion = this.#readableVersion(version)
    return this.#at(fastKeyOf(key), readableVersion)
  }

  /** Returns `[key, value]` of one partition as of a committed version, in order of first arrival; can be iterated again. */
  partition(index: number, version = this.#committed()): Iterable<[Key, S]> {
    return { [Symbol.iterator]: () => this.packing.entries(index, this.#readableVersion(version)) }
  }

  /** Returns `[key, value]` of all partitions, one after the other. */
  entries(version = this.#committed()): Iterable<[Key, S]> {
    const parts = this.#partitions.map((_, i) => this.partition(i, version))
    return { [Symbol.iterator]: () => concat(parts) }
  }

  /** Returns the number of keys of a committed version. */
  sizeAt(version: number): number {
    return this.#history.sizeAt(this.#readableVersion(version), this.#size)
  }

  /** Returns a view of a committed version, by default the last, which is pinned until the release. @throws `state-version-forgotten` */
  view(version?: number): StateView<Key, S> {
    const readable = this.#readableVersion(version)
    const pinned = this.#history.pin(readable)
    return new PinnedView<Key, S>(readable, {
      size: this.#history.sizeAt(readable, this.#size),
      at: (key) => this.#at(fastKeyOf(key), readable, pinned),
      entries: () => concat(this.#partitions.map((_, i) => this.packing.entries(i, readable, pinned))),
      release: () => this.#history.unpin(readable),
    })
  }

  /** Drops the versions before this one, except those pinned by views. */
  forget(version: number): void {
    this.#history.forget(Math.min(version, this.#committed()))
  }

  // ── storing ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Yields the changes of the last committed batch, in the order in which they are to be applied; with `since`, those of
   * all batches after it, one after the other. A key that was added and dropped in one batch is among them: a table that has
   * only seen such keys must not take its initial states again. Read the changes before the next batch begins; except for the
   * last, forgotten batches are not among them.
   */
  *changes(since?: number): Generator<Change<S>> {
    const { last } = this.#history
    const all = since === undefined ? [] : this.#history.since(since).filter((batch) => batch !== last)
    if (last !== undefined && last.batch.version > (since ?? -Infinity)) all.push(last)
    for (const one of all) yield* changesOfBatch(one, this.#partitions.length, (key) => this.partitionFor(key))
  }

  /**
   * Pins the last committed version and returns its entries, in order of first arrival, until they are released.
   *
   * @param only the one partition whose entries are returned
   */
  stored(only?: number): { entries(): Iterable<StateEntry<S>>; release(): void } {
    const version = this.#committed()
    const pinned = this.#history.pin(version)
    const partitions = only === undefined ? [...this.#partitions.keys()] : [only]
    return {
      entries: () => concat(partitions.map((i) => this.packing.stored(i, version, pinned))),
      release: () => this.#history.unpin(version),
    }
  }

  /** The number of keys that the last committed batch changed and dropped. */
  get lastChanges(): { readonly updated: number; readonly removed: number } {
    const { last } = this.#history
    const changed = last === undefined ? 0 : changedBy(last)
    return { updated: changed - this.#removed - this.#createdAndDropped, removed: this.#removed }
  }

  /**
   * Fills the table with entries as of `version`, in order of first arrival. Has paused about every 1,000 entries, for the
   * event loop to turn. The table is not to be used before the end.
   *
   * @throws `state-not-empty` after the first batch
   */
  *restore(entries: Iterable<StateEntry<S>>, version: number): Generator<void> {
    if (this.#version !== undefined || this.#openBatch !== undefined) throw stateNotEmpty()
    const cells: Cell<S>[] = []
    yield* restoredCells(entries, (key) => this.#partitionOf(key), cells)
    if (this.timed) yield* this.#touches.restore(cells)
    this.#size = cells.length
    this.#version = version
    this.#history.forget(version)
  }

  /** @internal Called by the history for a tombstone that no version needs; removes it. */
  purge(cell: Cell<S>): void {
    this.#partitionOf(cell.key).purge(cell)
  }

  /** Returns the table's own copy of a value. @throws `state-not-data`; `state-not-storable` where each value is checked */
  #accept(key: Key, value: S): S {
    const own = ownState(value)
    if (this.storable !== undefined && (typeof own === 'object' || typeof key === 'object')) {
      this.#hasUnchecked = true
      if (this.#checksEachValue) this.storable(key, own)
    }
    return own
  }

  /** Records a cell in the undo log of the open batch. */
  #change(cell: Cell<S>): void {
    const batch = this.#mustBeOpen('change')
    if (cell.batch === batch) return
    batch.undoLog!.add(cell, this.timed)
    cell.batch = batch
  }

  #mustBeOpen(doing: string): BatchVersion<S> {
    if (this.#openBatch === undefined) throw stateNotOpen(doing)
    return this.#openBatch
  }

  #committed(): number {
    return this.#version ?? -Infinity
  }

  /** Returns the committed version to read for a requested one. */
  #readableVersion(version = Infinity): number {
    if (version < this.#history.floor) throw stateVersionForgotten(version, this.#history.floor)
    return Math.min(version, this.#committed())
  }

  #partitionOf(key: MapKey): StatePartition<S> {
    return this.#cellsOf(this.#partitions.length === 1 ? 0 : this.partitionFor(key))
  }

  #cellsOf(partition: number): StatePartition<S> {
    return this.#partitions[partition] ?? this.packing.unpack(partition)
  }

  /** Reads a key for the program. */
  #at(key: MapKey, version: number, pinned?: PinnedValues<S>): S | undefined {
    const partition = this.#partitions.length === 1 ? 0 : this.partitionFor(key)
    this.packing.isRead(partition)
    return this.#cellsOf(partition).at(key, version, pinned)
  }

  /** Counts changes of the open batch that no cells have; with −1 as if they had not been. */
  #count({ grown, removed, createdAndDropped }: ChangeCounts, times: 1 | -1): void {
    this.#size += times * grown
    this.#removed += times * removed
    this.#createdAndDropped += times * createdAndDropped
  }
}

function* concat<T>(parts: readonly Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part
}
