import type { MapKey } from '../keys/key.js'

/** A batch as the cells that it changed know it: they share this one object instead of a number each. */
export class Era<S> {
  readonly version: number
  /** In a timed table: the cells touched in this batch, in order of touch. See {@link TouchIndex}. */
  touches: Cell<S>[]
  /** How many of `touches` have been touched or dropped by a later batch. */
  stale = 0

  constructor(version: number) {
    this.version = version
    this.touches = []
  }
}

/** One key of a table with its newest value. `undefined` is "nothing": such a cell is a tombstone. */
export class Cell<S> {
  readonly key: MapKey
  value: S | undefined
  /** The batch of the last change or touch. */
  era: Era<S>
  /** Place among the touches of `era`. */
  turn = 0
  /** Where it stands in the order of first arrival; nowhere once nobody can see it any more. */
  chunk: Chunk<S> | undefined
  /** What it was before `era`, as far as somebody may still ask. */
  past: Past<S> | undefined = undefined

  constructor(key: MapKey, value: S | undefined, era: Era<S>, chunk: Chunk<S>) {
    this.key = key
    this.value = value
    this.era = era
    this.chunk = chunk
  }
}

/** What a cell was before a batch changed it. */
export class Past<S> {
  readonly cell: Cell<S>
  readonly value: S | undefined
  /** `undefined`: the cell was not there. */
  readonly era: Era<S> | undefined
  readonly turn: number
  older: Past<S> | undefined
  newer: Past<S> | undefined = undefined

  constructor(cell: Cell<S>, era: Era<S> | undefined) {
    this.cell = cell
    this.value = era === undefined ? undefined : cell.value
    this.era = era
    this.turn = cell.turn
    this.older = cell.past
    if (cell.past !== undefined) cell.past.newer = this
    cell.past = this
  }

  /** Takes this one out of its cell's past: nobody will ask for it. */
  unlink(): void {
    if (this.newer === undefined) this.cell.past = this.older
    else this.newer.older = this.older
    if (this.older !== undefined) this.older.newer = this.newer
  }
}

/** The value as of the end of batch `version`. */
export function valueAt<S>(cell: Cell<S>, version: number): S | undefined {
  if (cell.era.version <= version) return cell.value
  let past = cell.past
  while (past?.era !== undefined && past.era.version > version) past = past.older
  return past?.era === undefined ? undefined : past.value
}

/** The batch of the last change or touch as of the end of batch `version`, and its turn there. */
export function touchedAt<S>(cell: Cell<S>, version: number): { readonly touched: number; readonly turn: number } {
  if (cell.era.version <= version) return { touched: cell.era.version, turn: cell.turn }
  let past = cell.past
  while (past?.era !== undefined && past.era.version > version) past = past.older
  return { touched: past?.era?.version ?? version, turn: past?.turn ?? 0 }
}

/** A stretch of the order. An iterator may stand on a chunk that has been taken out: its `next` still leads on. */
export class Chunk<S> {
  cells: Cell<S>[] = []
  /** How many of `cells` have been removed and only wait for the next sweep. */
  removed = 0
  previous: Chunk<S> | undefined
  next: Chunk<S> | undefined = undefined

  constructor(previous: Chunk<S> | undefined) {
    this.previous = previous
    if (previous !== undefined) previous.next = this
  }
}
