import type { MapKey } from '../../base/keys/key.js'
import { ArrivalOrder } from './arrival-order.js'
import { Cell, touchedAt, valueAt, type BatchVersion, type PinnedValues } from './cell.js'
import { copyForCall } from './freeze.js'
import { ShardedMap } from './sharded-map.js'

/** The cells of one partition: by key, and in order of first arrival. Knows of versions only how to read them. */
export class StatePartition<S> {
  readonly #cells = new ShardedMap<Cell<S>>()
  readonly #order = new ArrivalOrder<S>()
  /** A key dropped and added again has a new cell, at the end; old versions still see the old one behind it. */
  readonly #behind = new Map<Cell<S>, Cell<S>>()

  /** The newest cell of a key, which may be a tombstone. */
  find(key: MapKey): Cell<S> | undefined {
    return this.#cells.get(key)
  }

  add(key: MapKey, value: S, era: BatchVersion<S>, tombstone: Cell<S> | undefined): Cell<S> {
    const chunk = this.#order.open()
    const cell = new Cell(key, value, era, chunk)
    chunk.cells.push(cell)
    this.#cells.set(key, cell)
    if (tombstone !== undefined) this.#behind.set(cell, tombstone)
    return cell
  }

  /** Undoes the newest `add`. */
  takeBack(cell: Cell<S>): void {
    this.#order.pop()
    this.#reveal(cell)
  }

  /** Removes a tombstone that no version needs. */
  purge(cell: Cell<S>): void {
    this.#order.remove(cell)
    let newest = this.find(cell.key)!
    if (newest === cell) {
      this.#reveal(cell)
      return
    }
    while (this.#behind.get(newest) !== cell) newest = this.#behind.get(newest)!
    const older = this.#behind.get(cell)
    this.#behind.delete(cell)
    if (older === undefined) this.#behind.delete(newest)
    else this.#behind.set(newest, older)
  }

  /** The value of a key as of a version; `kept` is what is kept for that version. */
  at(key: MapKey, version: number, kept?: PinnedValues<S>): S | undefined {
    let cell = this.find(key)
    while (cell !== undefined) {
      const value = valueAt(cell, version, kept)
      if (value !== undefined) return copyForCall(value)
      cell = this.#behind.get(cell)
    }
    return undefined
  }

  /** As of a version, in order of first arrival. */
  *entries(version: number, kept?: PinnedValues<S>): Generator<[MapKey, S]> {
    for (const cells of this.#order.chunks()) {
      for (const cell of cells) {
        const value = valueAt(cell, version, kept)
        if (value !== undefined) yield [cell.key, copyForCall(value)]
      }
    }
  }

  /** The same with all that is stored of a key. */
  *stored(
    version: number,
    kept?: PinnedValues<S>,
  ): Generator<{ key: MapKey; value: S; touched: number; turn: number }> {
    for (const cells of this.#order.chunks()) {
      for (const cell of cells) {
        const value = valueAt(cell, version, kept)
        if (value === undefined) continue
        const { touched, turn } = touchedAt(cell, version, kept)
        yield { key: cell.key, value, touched, turn }
      }
    }
  }

  /** All cells in order, many at a time, for the batch that is open; tombstones among them. */
  chunks(): Iterable<readonly Cell<S>[]> {
    return this.#order.chunks()
  }

  #reveal(cell: Cell<S>): void {
    const older = this.#behind.get(cell)
    this.#behind.delete(cell)
    if (older === undefined) this.#cells.delete(cell.key)
    else this.#cells.set(cell.key, older)
  }
}
