import type { Key } from '../../base/keys/key.js'
import type { Cell } from './cell.js'
import type { ChangeColumns } from './columns.js'

/** A table with an open batch. */
export interface OpenTable {
  cell(key: Key): Cell<unknown> | undefined
  findCells(keys: readonly Key[], cells: (Cell<unknown> | undefined)[], from: number, until: number): void
  adopt(key: Key, cell: Cell<unknown> | undefined, own: unknown): void
  touch(key: Key): void
  drop(cell: Cell<unknown>): void
}

/**
 * Applies the changes of a partition's copy to the open batch of a table, which has the same entries. Afterwards the table is what it
 * would be had it been changed itself: in its values, in the order of arrival and in the order of the last touches.
 */
export class Adoption {
  readonly #table: OpenTable
  /** The keys that were touched, as long as they may have to be put in order. */
  readonly #touched: { readonly key: Key; readonly sequence: number }[] = []
  #isInOrder = true
  readonly #cells: (Cell<unknown> | undefined)[] = []

  constructor(table: OpenTable) {
    this.#table = table
  }

  add([keys, values, sequences, gone]: ChangeColumns): void {
    const table = this.#table
    const cells = this.#cells
    if (gone.length === 0) table.findCells(keys, cells, 0, keys.length)
    let g = 0
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!
      if (gone[g] === i) {
        g++
        this.#drop(key)
        continue
      }
      // A key that was dropped has lost its cell meanwhile.
      table.adopt(key, gone.length === 0 ? cells[i] : table.cell(key), values[i])
      if (sequences !== null) this.#note(key, sequences[i]!)
    }
  }

  /** Ends the changes. */
  end(): void {
    if (this.#isInOrder) return
    this.#touched.sort((a, b) => a.sequence - b.sequence)
    for (const { key } of this.#touched) this.#table.touch(key)
  }

  #drop(key: Key): void {
    // A key that the batch has added and dropped is a change too.
    if (this.#table.cell(key) === undefined) this.#table.adopt(key, undefined, null)
    this.#table.drop(this.#table.cell(key)!)
  }

  #note(key: Key, sequence: number): void {
    this.#isInOrder &&= sequence > (this.#touched.at(-1)?.sequence ?? -1)
    this.#touched.push({ key, sequence })
  }
}
