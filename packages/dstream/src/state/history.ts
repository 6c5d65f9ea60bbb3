import { Past, type Cell, type Era } from './cell.js'

/** What one batch changed. */
export interface BatchChanges<S> {
  readonly version: number
  /** In order of first change. */
  pasts: Past<S>[]
  /** Keys before this batch. */
  readonly sizeBefore: number
}

interface Purger<S> {
  /** Called for each tombstone that nobody can see behind any more. */
  purge(cell: Cell<S>): void
}

/**
 * What it takes to undo batches and to read old versions: for each batch, what the cells that it changed were before.
 * A record goes as soon as no version that somebody may still read lies between it and the change.
 */
export class History<S> {
  #batches: BatchChanges<S>[] = []
  #open: BatchChanges<S> | undefined
  /** Kept until the next batch begins, so that the changes can be read after `forget`. */
  #last: BatchChanges<S> | undefined
  readonly #pins = new Map<number, number>()
  #floor = -Infinity
  readonly #owner: Purger<S>

  constructor(owner: Purger<S>) {
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
    return this.#batches.filter((batch) => batch.version > version)
  }

  begin(version: number, sizeBefore: number): void {
    this.#last = undefined
    this.#open = { version, pasts: [], sizeBefore }
  }

  /** Must be called before the first change of a cell in a batch. `era` is the one it had, none for a new cell. */
  remember(cell: Cell<S>, era: Era<S> | undefined): void {
    this.#open!.pasts.push(new Past(cell, era))
  }

  /** The changes of the open batch, which is now one of the past. */
  commit(): readonly Past<S>[] {
    const batch = this.#open!
    this.#open = undefined
    this.#batches.push(batch)
    this.#last = { ...batch }
    return batch.pasts
  }

  /** The changes of the open batch, which is no more. */
  rollback(): BatchChanges<S> {
    const batch = this.#open!
    this.#open = undefined
    return batch
  }

  sizeAt(version: number, sizeNow: number): number {
    return (
      [...this.#batches, this.#open].find((batch) => batch !== undefined && batch.version > version)?.sizeBefore ??
      sizeNow
    )
  }

  pin(version: number): void {
    this.#pins.set(version, (this.#pins.get(version) ?? 0) + 1)
  }

  unpin(version: number): void {
    const count = this.#pins.get(version)! - 1
    if (count > 0) {
      this.#pins.set(version, count)
      return
    }
    this.#pins.delete(version)
    if (version < this.#floor) this.#prune(version)
  }

  forget(version: number): void {
    if (version <= this.#floor) return
    const from = this.#floor
    this.#floor = version
    this.#prune(from)
  }

  /** Drops what only versions before the floor that nobody has pinned could ask for, in batches after `from`. */
  #prune(from: number): void {
    const pins = [...this.#pins.keys()].sort((a, b) => a - b)
    this.#batches = this.#batches.filter((batch) => {
      if (batch.version <= from || batch.version > this.#floor) return true
      if (pins.length === 0 || pins[0]! >= batch.version) {
        for (const past of batch.pasts) this.#drop(past)
        return false
      }
      batch.pasts = batch.pasts.filter((past) => this.#isNeeded(past, batch.version, pins) || this.#drop(past))
      return batch.pasts.length > 0
    })
  }

  #isNeeded(past: Past<S>, until: number, pins: readonly number[]): boolean {
    const { era } = past
    return era !== undefined && pins.some((pin) => pin >= era.version && pin < until)
  }

  #drop(past: Past<S>): false {
    const { cell } = past
    past.unlink()
    if (cell.past === undefined && cell.value === undefined) this.#owner.purge(cell)
    return false
  }
}
