import type { Key } from '../../base/keys/key.js'
import type { StateEntry } from './entry.js'

/** The keys in one piece of columns: encoding and decoding yield to the event loop between two pieces. */
const PIECE = 1024

/** A piece of the entries of a partition, as columns: one list is written and read several times as fast as a list a key. */
export type EntryColumns = readonly [
  keys: readonly Key[],
  values: readonly unknown[],
  /** The batch times of last changes, each of them once. */
  times: readonly number[],
  /** The index of each key's time; `null` where all keys have the first one. */
  places: readonly number[] | null,
  /** `null` in a table that is not timed. */
  sequences: readonly number[] | null,
]

/** A piece of the changes of a batch, in order of first change. `gone` has the places of dropped keys, whose values are `null`. */
export type ChangeColumns = readonly [
  keys: readonly Key[],
  values: readonly unknown[],
  sequences: readonly number[] | null,
  gone: readonly number[],
]

/** Yields entries in pieces of columns. */
export function* columnsOfEntries(entries: Iterable<StateEntry<unknown>>, timed: boolean): Generator<EntryColumns> {
  let piece = new EntryPiece(timed)
  for (const entry of entries) {
    piece.add(entry)
    if (piece.size < PIECE) continue
    yield piece.columns()
    piece = new EntryPiece(timed)
  }
  if (piece.size > 0) yield piece.columns()
}

class EntryPiece {
  readonly #keys: Key[] = []
  readonly #values: unknown[] = []
  readonly #times = new Map<number, number>()
  readonly #places: number[] = []
  readonly #sequences: number[] | null

  constructor(timed: boolean) {
    this.#sequences = timed ? [] : null
  }

  get size(): number {
    return this.#keys.length
  }

  add({ key, value, touched, touchSequence }: StateEntry<unknown>): void {
    const place = this.#times.get(touched) ?? this.#times.size
    if (place === this.#times.size) this.#times.set(touched, place)
    this.#keys.push(key)
    this.#values.push(value)
    this.#places.push(place)
    this.#sequences?.push(touchSequence!)
  }

  columns(): EntryColumns {
    const times = [...this.#times.keys()]
    return [this.#keys, this.#values, times, times.length === 1 ? null : this.#places, this.#sequences]
  }
}

/** Yields the entries of pieces again. */
export function* entriesOf(pieces: Iterable<EntryColumns>): Generator<StateEntry<unknown>> {
  for (const [keys, values, times, places, sequences] of pieces) {
    for (const [i, key] of keys.entries()) {
      yield { key, value: values[i], touched: times[places?.[i] ?? 0]!, touchSequence: sequences?.[i] ?? 0 }
    }
  }
}

/** A change, whose value is `undefined` for a dropped key. */
type ColumnChange = Pick<StateEntry<unknown>, 'key' | 'value' | 'touchSequence'>

/** Yields changes in pieces of columns. */
export function* columnsOfChanges(changes: Iterable<ColumnChange>, timed: boolean): Generator<ChangeColumns> {
  let piece = changePiece(timed)
  for (const { key, value, touchSequence } of changes) {
    const [keys, values, sequences, gone] = piece
    if (value === undefined) gone.push(keys.length)
    keys.push(key)
    values.push(value ?? null)
    sequences?.push(touchSequence!)
    if (keys.length < PIECE) continue
    yield piece
    piece = changePiece(timed)
  }
  if (piece[0].length > 0) yield piece
}

function changePiece(timed: boolean): [Key[], unknown[], number[] | null, number[]] {
  return [[], [], timed ? [] : null, []]
}

/** Yields the changes of pieces again. A key that was dropped and added again is among them twice. */
export function* changesOf(
  pieces: Iterable<ChangeColumns>,
): Generator<{ readonly key: Key; readonly value: unknown; readonly touchSequence: number }> {
  for (const [keys, values, sequences, gone] of pieces) {
    let g = 0
    for (const [i, key] of keys.entries()) {
      const isGone = gone[g] === i
      if (isGone) g++
      yield { key, value: isGone ? undefined : values[i], touchSequence: sequences?.[i] ?? 0 }
    }
  }
}
