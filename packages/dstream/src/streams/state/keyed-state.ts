import { stateNotEmpty, stateNotOpen, stateOutOfOrder, stateVersionForgotten } from '../../base/errors/state.js'
import { detachKey } from '../../base/keys/detach.js'
import { keyOf, type Key, type MapKey } from '../../base/keys/key.js'
import { partitionOf, type Partitioner } from '../../base/keys/partitioner.js'
import { BatchVersion, valueAt, type Cell } from './cell.js'
import { freezeState } from './freeze.js'
import { History } from './history.js'
import { StatePartition } from './partition.js'
import { TouchIndex } from './touch-index.js'
import { PinnedView, type StateView } from './view.js'

export interface KeyedStateOptions {
  /** Default: one partition. */
  readonly partitioner?: Partitioner | undefined
  /** Every set counts as a touch, also of the same value, and `expired` finds the keys not touched for long. */
  readonly timed?: boolean
}

/** One key as it is stored. Keys come in order of first arrival. */
export interface StateEntry<S> {
  readonly key: Key
  readonly value: S
  /** Batch time of the last change or touch. */
  readonly touched: number
  /** Orders the keys touched in one batch by their last touch; only compared, never counted. */
  readonly turn?: number | undefined
}

/**
 * What a batch did to a key. Folding changes into a native Map, one after the other, `set` for a value and `delete` where
 * it is gone, gives the entries in the right order.
 */
export interface Change<S> {
  readonly key: Key
  /** `undefined` where it is gone. */
  readonly value: S | undefined
  readonly touched: number
  readonly turn: number
  readonly gone: boolean
}

/**
 * The table of one stateful operator. A version is a batch time. Values are versioned, not copied: the table holds the
 * newest, and what it takes to undo the changes of those batches that a failure, a view or a window may still need.
 * `undefined` is nothing; other values are frozen when they are set. Keys keep the order of their first arrival, whatever
 * is rolled back or restored; one that is dropped and comes back stands at the end.
 */
export class KeyedState<S> {
  readonly partitioner: Partitioner | undefined
  readonly timed: boolean
  readonly #partitions: readonly StatePartition<S>[]
  readonly #history: History<S> = new History<S>(this)
  readonly #touches = new TouchIndex<S>()
  #version: number | undefined
  /** The open batch. */
  #era: BatchVersion<S> | undefined
  #size = 0
  /** In the open or last batch: keys dropped, and cells made and dropped. */
  #removed = 0
  #fleeting = 0
  /** The last key looked up, as it was given, and its cell: `set` mostly follows `get`. */
  #recentKey: Key | undefined
  #recent: Cell<S> | undefined

  constructor(options: KeyedStateOptions = {}) {
    this.partitioner = options.partitioner
    this.timed = options.timed ?? false
    this.#partitions = Array.from({ length: this.partitioner?.numPartitions ?? 1 }, () => new StatePartition<S>())
  }

  get numPartitions(): number {
    return this.#partitions.length
  }

  /** The last committed batch; `undefined` before the first. */
  get version(): number | undefined {
    return this.#version
  }

  /** Keys with a value, counting what the open batch has done. */
  get size(): number {
    return this.#size
  }

  // ── one batch ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** @throws `state-out-of-order` unless `version` lies after the last committed one and no batch is open */
  begin(version: number): void {
    const last = this.#era?.version ?? this.#version ?? -Infinity
    if (this.#era !== undefined || version <= last) throw stateOutOfOrder(version, last)
    this.#era = this.#history.begin(version, this.#size)
    this.#fleeting = this.#removed = 0
  }

  /** The value as the open batch has it, without protection: see `lend`. */
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

  /** Counts as a change of the key, if it is known, without changing the value. */
  touch(key: Key): void {
    const cell = this.cell(key)
    if (cell !== undefined) this.refresh(cell)
  }

  delete(key: Key): void {
    const cell = this.cell(key)
    if (cell !== undefined) this.drop(cell)
  }

  commit(): void {
    const era = this.#open('commit')
    const { before } = this.#history.commit()
    if (this.timed) this.#touches.commit(era, before)
    this.#version = era.version
    this.#era = undefined
    // It may be part of a long message.
    this.#recentKey = undefined
  }

  /** As if the open batch had not begun, order included. */
  rollback(): void {
    this.#open('roll back')
    const { before, sizeBefore } = this.#history.rollback()
    for (let i = before.size - 1; i >= 0; i--) {
      const cell = before.cells[i]!
      const era = before.eras[i]
      cell.value = before.values[i]
      if (era === undefined) this.#partitionOf(cell.key).takeBack(cell)
      else {
        cell.turn = before.turnOf(i)
        cell.place = before.places[i]!
        cell.era = era
      }
    }
    this.#size = sizeBefore
    this.#era = undefined
  }

  // ── cells, for loops that look a key up once ────────────────────────────────────────────────────────────────────

  /** The cell of a key that has a value. */
  cell(key: Key): Cell<S> | undefined {
    const k = mapKey(key)
    const cell = this.#partitionOf(k).find(k)
    return cell === undefined || cell.value === undefined ? undefined : cell
  }

  /**
   * The cells of many keys at once, from `from` to before `until`. All searches first, then a look at every cell: what is
   * found does not depend on what was found before, so the processor waits for many cells at once.
   */
  findCells(keys: readonly Key[], cells: (Cell<S> | undefined)[], from: number, until: number): void {
    for (let i = from; i < until; i++) {
      const k = mapKey(keys[i]!)
      cells[i] = this.#partitionOf(k).find(k)
    }
    for (let i = from; i < until; i++) if (cells[i]?.value === undefined) cells[i] = undefined
  }

  /** A new cell, for a key that has no value. */
  add(key: Key, value: S): Cell<S> {
    const era = this.#open('change')
    freezeState(value)
    const k = mapKey(key)
    const partition = this.#partitionOf(k)
    const cell = partition.add(detachKey(k), value, era, partition.find(k))
    era.before!.addNew(cell, this.timed)
    if (this.timed) this.#touches.touch(cell, era)
    this.#size++
    return cell
  }

  /** Sets the value of a cell that has one. */
  write(cell: Cell<S>, value: S): void {
    if (!this.timed && Object.is(cell.value, value)) return
    if (typeof value !== 'number' && typeof value !== 'string') freezeState(value)
    if (cell.era !== this.#era) this.#change(cell)
    if (this.timed) this.#touches.touch(cell, this.#era!)
    cell.value = value
  }

  /** Touches a cell that has a value. */
  refresh(cell: Cell<S>): void {
    this.#change(cell)
    if (this.timed) this.#touches.touch(cell, this.#era!)
  }

  /** Makes a tombstone of a cell that has a value. */
  drop(cell: Cell<S>): void {
    this.#change(cell)
    cell.value = undefined
    this.#size--
    const before = cell.era.before!
    before.drops++
    if (before.eras[cell.place] === undefined) this.#fleeting++
    else this.#removed++
  }

  /** The partition that a key belongs to. */
  partitionFor(key: Key): number {
    return this.partitioner === undefined ? 0 : partitionOf(this.partitioner, key)
  }

  /** The cells of a partition in order of first arrival, many at a time; those without a value are tombstones. */
  chunks(partition: number): Iterable<readonly Cell<S>[]> {
    return this.#partitions[partition]!.chunks()
  }

  /** Keys last touched strictly before `threshold`, in order of that touch. Only in a timed table. */
  expired(threshold: number): Iterable<Cell<S>> {
    return this.#touches.expired(threshold)
  }

  // ── committed versions ──────────────────────────────────────────────────────────────────────────────────────────

  /** The value as of a committed version, by default the last. @throws `key-not-allowed`, `state-version-forgotten` */
  at(key: Key, version?: number): S | undefined {
    const kept = this.#kept(version)
    const k = mapKey(key)
    return this.#partitionOf(k).at(k, kept)
  }

  /** `[key, value]` of one partition as of a committed version, in order of first arrival; may be iterated again. */
  partition(index: number, version = this.#committed()): Iterable<[Key, S]> {
    return { [Symbol.iterator]: () => this.#partitions[index]!.entries(this.#kept(version)) }
  }

  /** `[key, value]` of all partitions, one after the other. */
  entries(version = this.#committed()): Iterable<[Key, S]> {
    const parts = this.#partitions.map((_, i) => this.partition(i, version))
    return { [Symbol.iterator]: () => concat(parts) }
  }

  /** How many keys a committed version has. */
  sizeAt(version: number): number {
    return this.#history.sizeAt(this.#kept(version), this.#size)
  }

  /** A view of a committed version, by default the last; pinned until it is released. @throws `state-version-forgotten` */
  view(version?: number): StateView<Key, S> {
    const pinned = this.#kept(version)
    const kept = this.#history.pin(pinned)
    return new PinnedView<Key, S>(pinned, {
      size: this.#history.sizeAt(pinned, this.#size),
      at: (key) => this.#partitionOf(mapKey(key)).at(mapKey(key), pinned, kept),
      entries: () => concat(this.#partitions.map((partition) => partition.entries(pinned, kept))),
      release: () => this.#history.unpin(pinned),
    })
  }

  /** No version before this one will be asked for any more, views apart that exist already. */
  forget(version: number): void {
    this.#history.forget(Math.min(version, this.#committed()))
  }

  // ── storing ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * What the last committed batch changed, in the order in which it is to be folded; or all batches after `since`, one
   * after the other. A key that came and went in one batch is named too: a table that has only seen such keys has begun
   * nevertheless, and does not take its initial states again. To be read before the next batch begins; forgotten batches other than the last are not in it.
   */
  *changes(since?: number): Generator<Change<S>> {
    const { last } = this.#history
    const all = since === undefined ? [] : this.#history.since(since).filter((batch) => batch !== last)
    if (last !== undefined && last.era.version > (since ?? -Infinity)) all.push(last)
    for (const { era, before } of all) {
      const { version } = era
      for (const cell of before.changed()) {
        const value = valueAt(cell, version)
        yield { key: cell.key, value, touched: version, turn: cell.turn, gone: value === undefined }
      }
    }
  }

  /** Everything as of the last committed version, in order of first arrival; it stays so until it is released. */
  stored(): { entries(): Iterable<StateEntry<S>>; release(): void } {
    const version = this.#committed()
    const kept = this.#history.pin(version)
    return {
      entries: () => concat(this.#partitions.map((partition) => partition.stored(version, kept))),
      release: () => this.#history.unpin(version),
    }
  }

  /** How many keys the last committed batch changed and dropped. */
  get lastChanges(): { readonly updated: number; readonly removed: number } {
    const changed = this.#history.last?.before.size ?? 0
    return { updated: changed - this.#removed - this.#fleeting, removed: this.#removed }
  }

  /** Entries as of `version`, in order of first arrival. @throws `state-not-empty` after the first batch */
  restore(entries: Iterable<StateEntry<S>>, version: number): void {
    if (this.#version !== undefined || this.#era !== undefined) throw stateNotEmpty()
    const eras = new Map<number, BatchVersion<S>>()
    const cells: Cell<S>[] = []
    for (const { key, value, touched, turn } of entries) {
      let era = eras.get(touched)
      if (era === undefined) eras.set(touched, (era = new BatchVersion(touched)))
      freezeState(value)
      const k = mapKey(key)
      const cell = this.#partitionOf(k).add(detachKey(k), value, era, undefined)
      cell.turn = turn ?? cells.length
      cells.push(cell)
    }
    if (this.timed) this.#touches.restore(cells)
    this.#size = cells.length
    this.#version = version
    this.#history.forget(version)
  }

  /** @internal Called by the history for a tombstone that no version needs. */
  purge(cell: Cell<S>): void {
    this.#partitionOf(cell.key).purge(cell)
  }

  /** Makes a cell part of the open batch. */
  #change(cell: Cell<S>): void {
    const era = this.#open('change')
    if (cell.era === era) return
    era.before!.add(cell, this.timed)
    cell.era = era
  }

  #open(doing: string): BatchVersion<S> {
    if (this.#era === undefined) throw stateNotOpen(doing)
    return this.#era
  }

  #committed(): number {
    return this.#version ?? -Infinity
  }

  /** The committed version to read for one that is asked for. */
  #kept(version = Infinity): number {
    if (version < this.#history.floor) throw stateVersionForgotten(version, this.#history.floor)
    return Math.min(version, this.#committed())
  }

  #partitionOf(key: MapKey): StatePartition<S> {
    return this.#partitions.length === 1 ? this.#partitions[0]! : this.#partitions[this.partitionFor(key)]!
  }
}

function mapKey(key: Key): MapKey {
  return typeof key === 'string' || typeof key === 'number' ? key : keyOf(key)
}

function* concat<T>(parts: readonly Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part
}
