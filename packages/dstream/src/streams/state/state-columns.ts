import type { Key } from '../../base/keys/key.js'
import type { Cell } from './cell.js'
import type { KeyedState, StateEntry } from './keyed-state.js'

/** The keys in one piece of columns: encoding and decoding yield to the event loop between two pieces. */
const PIECE = 1024

/**
 * A piece of the entries of a partition, as columns: one list is written and read several times as fast as a list a key. The last two
 * are `null` in a table that is not timed.
 */
export type EntryColumns = readonly [
  keys: readonly Key[],
  values: readonly unknown[],
  touched: readonly number[] | null,
  sequences: readonly number[] | null,
]

/** A piece of the changes of a batch, in order of first change. `gone` has the places of dropped keys, whose values are `null`. */
export type ChangeColumns = readonly [
  keys: readonly Key[],
  values: readonly unknown[],
  sequences: readonly number[] | null,
  gone: readonly number[],
]

/** Yields the entries of a partition as of the last committed version, in order of first arrival. */
export function* entryColumns(table: KeyedState<unknown>, partition: number): Generator<EntryColumns> {
  if (table.version === undefined) return
  const stored = table.stored(partition)
  try {
    let piece = entryPiece(table.timed)
    for (const { key, value, touched, touchSequence } of stored.entries()) {
      const [keys, values, times, sequences] = piece
      keys.push(key)
      values.push(value)
      times?.push(touched)
      sequences?.push(touchSequence!)
      if (keys.length < PIECE) continue
      yield piece
      piece = entryPiece(table.timed)
    }
    if (piece[0].length > 0) yield piece
  } finally {
    stored.release()
  }
}

function entryPiece(timed: boolean): [Key[], unknown[], number[] | null, number[] | null] {
  return [[], [], timed ? [] : null, timed ? [] : null]
}

/** Yields the entries of pieces again. In a table that is not timed the time of the last touch has no meaning. */
export function* entriesOf(pieces: Iterable<EntryColumns>, version: number): Generator<StateEntry<unknown>> {
  for (const [keys, values, touched, sequences] of pieces) {
    for (const [i, key] of keys.entries()) {
      yield { key, value: values[i], touched: touched?.[i] ?? version, touchSequence: sequences?.[i] ?? 0 }
    }
  }
}

/** Yields the changes of the open batch. A key that was dropped and added again is among them twice. */
export function* changeColumns(table: KeyedState<unknown>): Generator<ChangeColumns> {
  let piece = changePiece(table.timed)
  for (const { key, value, touchSequence } of table.changed) {
    const [keys, values, sequences, gone] = piece
    if (value === undefined) gone.push(keys.length)
    keys.push(key)
    values.push(value ?? null)
    sequences?.push(touchSequence)
    if (keys.length < PIECE) continue
    yield piece
    piece = changePiece(table.timed)
  }
  if (piece[0].length > 0) yield piece
}

function changePiece(timed: boolean): [Key[], unknown[], number[] | null, number[]] {
  return [[], [], timed ? [] : null, []]
}

/**
 * Applies the changes of a partition's copy to the open batch of a table, which has the same entries. Afterwards the table is what it
 * would be had it been changed itself: in its values, in the order of arrival and in the order of the last touches.
 */
export class Adoption {
  readonly #table: KeyedState<unknown>
  /** The keys that were touched, as long as they may have to be put in order. */
  readonly #touched: { readonly key: Key; readonly sequence: number }[] = []
  #isInOrder = true
  readonly #cells: (Cell<unknown> | undefined)[] = []

  constructor(table: KeyedState<unknown>) {
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
