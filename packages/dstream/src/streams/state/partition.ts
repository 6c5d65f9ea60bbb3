import type { MapKey } from '../../base/keys/key.js'
import { ArrivalOrder } from './arrival-order.js'
import { Cell, touchedAt, valueAt, type BatchVersion, type PinnedValues } from './cell.js'
import { handOut } from './own.js'
import { ShardedMap } from './sharded-map.js'

/** Holds the cells of one partition, by key and in order of first arrival. It reads versions and does not manage them. */
export class StatePartition<S> {
  readonly #cells = new ShardedMap<Cell<S>>()
  readonly #order = new ArrivalOrder<S>()
  /** The former cell of a key that was dropped and added again: old versions still read it. */
  readonly #olderCells = new Map<Cell<S>, Cell<S>>()

  /** Returns the newest cell of a key, which may be a tombstone. */
  find(key: MapKey): Cell<S> | undefined {
    return this.#cells.get(key)
  }

  add(key: MapKey, value: S, batch: BatchVersion<S>, tombstone: Cell<S> | undefined): Cell<S> {
    const chunk = this.#order.open()
    const cell = new Cell(key, value, batch, chunk)
    chunk.cells.push(cell)
    this.#cells.set(key, cell)
    if (tombstone !== undefined) this.#olderCells.set(cell, tombstone)
    return cell
  }

  /** Undoes the newest `add`. */
  undoAdd(cell: Cell<S>): void {
    this.#order.pop()
    this.#restoreOlder(cell)
  }

  /** Removes a tombstone that no version needs. */
  purge(cell: Cell<S>): void {
    this.#order.remove(cell)
    let newest = this.find(cell.key)!
    if (newest === cell) {
      this.#restoreOlder(cell)
      return
    }
    while (this.#olderCells.get(newest) !== cell) newest = this.#olderCells.get(newest)!
    const older = this.#olderCells.get(cell)
    this.#olderCells.delete(cell)
    if (older === undefined) this.#olderCells.delete(newest)
    else this.#olderCells.set(newest, older)
  }

  /** Returns the value of a key as of a version; `pinned` holds the values kept for that version. */
  at(key: MapKey, version: number, pinned?: PinnedValues<S>): S | undefined {
    let cell = this.find(key)
    while (cell !== undefined) {
      const value = valueAt(cell, version, pinned)
      if (value !== undefined) return handOut(value)
      cell = this.#olderCells.get(cell)
    }
    return undefined
  }

  /** Yields the entries as of a version, in order of first arrival. */
  *entries(version: number, pinned?: PinnedValues<S>): Generator<[MapKey, S]> {
    for (const cells of this.#order.chunks()) {
      for (const cell of cells) {
        const value = valueAt(cell, version, pinned)
        if (value !== undefined) yield [cell.key, handOut(value)]
      }
    }
  }

  /** Yields the entries as of a version with everything that a checkpoint stores of them. */
  *stored(
    version: number,
    pinned?: PinnedValues<S>,
  ): Generator<{ key: MapKey; value: S; touched: number; touchSequence: number }> {
    for (const cells of this.#order.chunks()) {
      for (const cell of cells) {
        const value = valueAt(cell, version, pinned)
        if (value === undefined) continue
        const { touched, touchSequence } = touchedAt(cell, version, pinned)
        yield { key: cell.key, value, touched, touchSequence }
      }
    }
  }

  /** Returns all cells in order, in chunks, tombstones included. */
  chunks(): Iterable<readonly Cell<S>[]> {
    return this.#order.chunks()
  }

  #restoreOlder(cell: Cell<S>): void {
    const older = this.#olderCells.get(cell)
    this.#olderCells.delete(cell)
    if (older === undefined) this.#cells.delete(cell.key)
    else this.#cells.set(cell.key, older)
  }
}
