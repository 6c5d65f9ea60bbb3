import { UndoLog, BatchVersionPool, type Cell, type BatchVersion, type PinnedValue, type PinnedValues } from './cell.js'

/** What one batch changed. */
export interface BatchChanges<S> {
  readonly era: BatchVersion<S>
  readonly before: UndoLog<S>
  /** Keys before this batch. */
  readonly sizeBefore: number
}

/** A version that is read for longer than batches are remembered. */
interface Pin<S> {
  count: number
  readonly kept: Map<Cell<S>, PinnedValue<S>>
  /** Tombstones that it can see behind. */
  readonly tombstones: Cell<S>[]
}

interface Owner<S> {
  readonly size: number
  /** Called for each tombstone that nobody can see behind any more. */
  purge(cell: Cell<S>): void
}

/** How many batches are looked through at most for what a pinned version shows. */
const MOST_BATCHES = 1000

/**
 * What it takes to undo batches and to read old versions: for each batch, what the cells that it changed were before.
 * That goes as a whole when the versions before the batch are forgotten and none of them is pinned. While one is, no more
 * than an entry a key stays so; what goes beyond is sorted into what the pinned version keeps for itself. So a view costs
 * nothing at first, and at most two entries a key, however long it lives.
 */
export class History<S> {
  /** Oldest first. */
  #batches: BatchChanges<S>[] = []
  #open: BatchChanges<S> | undefined
  /** Kept until the next batch begins, so that the changes can be read after `forget`. */
  #last: BatchChanges<S> | undefined
  readonly #pins = new Map<number, Pin<S>>()
  #floor = -Infinity
  readonly #owner: Owner<S>
  readonly #eras = new BatchVersionPool<S>()
  /** Of a batch that is forgotten, for the next one. */
  #spare: UndoLog<S> | undefined

  constructor(owner: Owner<S>) {
    this.#owner = owner
  }

  /** Versions from here on may be read. */
  get floor(): number {
    return this.#floor
  }

  get last(): BatchChanges<S> | undefined {
    return this.#last
  }

  /** Committed batches after `version`, oldest first. */
  since(version: number): readonly BatchChanges<S>[] {
    return this.#batches.filter(({ era }) => era.version > version)
  }

  begin(version: number, sizeBefore: number): BatchVersion<S> {
    const last = this.#last
    this.#last = undefined
    if (last?.era.before === undefined) this.#reuse(last?.before)
    const before = this.#spare ?? new UndoLog<S>()
    this.#spare = undefined
    const era = this.#eras.take(version, before)
    this.#open = { era, before, sizeBefore }
    return era
  }

  /** The changes of the open batch, which is now one of the past. */
  commit(): BatchChanges<S> {
    const batch = this.#open!
    this.#open = undefined
    this.#batches.push(batch)
    this.#last = batch
    return batch
  }

  /** The changes of the open batch, which is no more. */
  rollback(): BatchChanges<S> {
    const batch = this.#open!
    this.#open = undefined
    return batch
  }

  /** Where nobody needs what a batch found any more. */
  #reuse(before: UndoLog<S> | undefined): void {
    if (before?.clear() === true) this.#spare = before
  }

  sizeAt(version: number, sizeNow: number): number {
    return (
      [...this.#batches, this.#open].find((batch) => batch !== undefined && batch.era.version > version)?.sizeBefore ??
      sizeNow
    )
  }

  /** Keeps a version readable until `unpin`. @returns what is kept for it, which grows while batches are forgotten */
  pin(version: number): PinnedValues<S> {
    const pin = this.#pins.get(version) ?? { count: 0, kept: new Map<Cell<S>, PinnedValue<S>>(), tombstones: [] }
    pin.count++
    this.#pins.set(version, pin)
    return pin.kept
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
    const forgotten = this.#batches.filter(({ era }) => era.version <= this.#floor)
    let left = forgotten.reduce((sum, { before }) => sum + before.size, 0)
    const oldestPin = Math.min(...this.#pins.keys())
    for (const [i, oldest] of forgotten.entries()) {
      const isShort = left <= this.#owner.size && forgotten.length - i <= MOST_BATCHES
      if (oldest.era.version > oldestPin && isShort) return
      left -= oldest.before.size
      this.#batches.shift()
      this.#drop(oldest)
    }
  }

  #drop(batch: BatchChanges<S>): void {
    const { era, before } = batch
    for (const [version, { kept }] of this.#pins) if (version < era.version) keep(before, version, kept)
    era.before = undefined
    if (before.drops > 0) {
      for (const cell of before.changed()) if (cell.era === era && cell.value === undefined) this.#purge(cell)
    }
    if (batch !== this.#last) this.#reuse(before)
  }

  /** For a cell that no remembered batch has changed. */
  #purge(cell: Cell<S>): void {
    for (const { kept, tombstones } of this.#pins.values()) {
      if (kept.has(cell)) {
        tombstones.push(cell)
        return
      }
    }
    this.#owner.purge(cell)
  }
}

/** Of what a batch found, all that had been so since `version`. */
function keep<S>(before: UndoLog<S>, version: number, kept: Map<Cell<S>, PinnedValue<S>>): void {
  for (let i = 0; i < before.size; i++) {
    const era = before.eras[i]
    if (era === undefined || era.version > version) continue
    kept.set(before.cells[i]!, { value: before.values[i], touched: era.version, turn: before.turnOf(i) })
  }
}
