import type { MapKey } from '../../base/keys/key.js'

/** A batch as the cells that it changed know it: they share this one object instead of a number each. */
export class BatchVersion<S> {
  version: number
  /** What its cells were before it, as long as somebody may ask. */
  before: UndoLog<S> | undefined
  /** In a timed table: the cells touched in this batch, in order of touch. See {@link TouchIndex}. */
  touches: Cell<S>[] = []
  /** How many of `touches` have been touched or dropped by a later batch. */
  stale = 0

  constructor(version: number) {
    this.version = version
  }
}

const MADE_AHEAD = 64

/**
 * Eras that are made many batches before they are used. V8 keeps a list of all places where an old object points to a young
 * one; cells are old, and with an era as old as they are a batch of twenty thousand changes spares as many entries: a seventh
 * of what a window's slide takes.
 */
export class BatchVersionPool<S> {
  readonly #eras = Array.from({ length: MADE_AHEAD }, () => new BatchVersion<S>(-Infinity))
  #next = 0

  take(version: number, before: UndoLog<S>): BatchVersion<S> {
    const era = this.#eras[this.#next]!
    this.#eras[this.#next] = new BatchVersion(-Infinity)
    this.#next = (this.#next + 1) % MADE_AHEAD
    era.version = version
    era.before = before
    return era
  }
}

/** One key of a table with its newest value. `undefined` is "nothing": such a cell is a tombstone. */
export class Cell<S> {
  readonly key: MapKey
  value: S | undefined
  /** The batch of the last change or touch. */
  era: BatchVersion<S>
  /** Where `era.before` tells what it was before. */
  place = -1
  /** Place among the touches of `era`. */
  turn = 0
  /** Where it stands in the order of first arrival; nowhere once nobody can see it any more. */
  chunk: Chunk<S> | undefined

  constructor(key: MapKey, value: S | undefined, era: BatchVersion<S>, chunk: Chunk<S>) {
    this.key = key
    this.value = value
    this.era = era
    this.chunk = chunk
  }
}

/**
 * What the cells that a batch changed were before it, in order of first change: entry `i` of each array tells of one cell.
 * Arrays, because an object for each change, linked to its cell, makes a change cost twice as much; used again by a later
 * batch, because arrays that grow anew in every batch make it cost twice as much once more.
 */
export class UndoLog<S> {
  readonly cells: (Cell<S> | undefined)[] = []
  readonly values: (S | undefined)[] = []
  /** `undefined`: the cell was not there. */
  readonly eras: (BatchVersion<S> | undefined)[] = []
  readonly places: number[] = []
  /** Only in a timed table; elsewhere a turn never changes. */
  readonly turns: number[] = []
  /** How many of the cells the batch has made tombstones. */
  drops = 0
  /** How many entries count; the arrays may be longer. */
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Takes a cell in that is about to change. */
  add(cell: Cell<S>, timed: boolean): void {
    this.#note(cell, cell.value, cell.era, timed ? cell.turn : undefined)
  }

  /** Takes a cell in that the batch has made. */
  addNew(cell: Cell<S>, timed: boolean): void {
    this.#note(cell, undefined, undefined, timed ? -1 : undefined)
  }

  #note(cell: Cell<S>, value: S | undefined, era: BatchVersion<S> | undefined, turn: number | undefined): void {
    const place = this.#size++
    this.cells[place] = cell
    this.values[place] = value
    this.eras[place] = era
    // Of a new cell it is -1.
    this.places[place] = cell.place
    if (turn !== undefined) this.turns[place] = turn
    cell.place = place
  }

  turnOf(place: number): number {
    return this.turns[place] ?? this.cells[place]!.turn
  }

  /** The cells, in order of first change. */
  *changed(): Generator<Cell<S>> {
    for (let i = 0; i < this.#size; i++) yield this.cells[i]!
  }

  /** Makes it that of another batch. @returns whether it is worth that: one that was hardly filled only holds memory */
  clear(): boolean {
    const size = this.#size
    this.#size = this.drops = 0
    this.cells.fill(undefined, 0, size)
    this.values.fill(undefined, 0, size)
    this.eras.fill(undefined, 0, size)
    return this.cells.length <= Math.max(1024, 4 * size)
  }
}

/** What a cell was as of a version that somebody reads although newer batches cannot be undone any more. */
export interface PinnedValue<S> {
  readonly value: S | undefined
  readonly touched: number
  readonly turn: number
}

/** What is kept of cells for one version. */
export type PinnedValues<S> = ReadonlyMap<Cell<S>, PinnedValue<S>>

/** The value as of the end of batch `version`. */
export function valueAt<S>(cell: Cell<S>, version: number, kept?: PinnedValues<S>): S | undefined {
  let { value, era, place } = cell
  while (era.version > version) {
    const { before } = era
    if (before === undefined) return kept?.get(cell)?.value
    const older = before.eras[place]
    if (older === undefined) return undefined
    value = before.values[place]
    place = before.places[place]!
    era = older
  }
  return value
}

/** The batch of the last change or touch as of the end of batch `version`, and its turn there, of a cell that was there. */
export function touchedAt<S>(
  cell: Cell<S>,
  version: number,
  kept?: PinnedValues<S>,
): { readonly touched: number; readonly turn: number } {
  let { era, place, turn } = cell
  while (era.version > version) {
    const { before } = era
    const older = before?.eras[place]
    if (before === undefined || older === undefined) return kept!.get(cell)!
    turn = before.turnOf(place)
    place = before.places[place]!
    era = older
  }
  return { touched: era.version, turn }
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
