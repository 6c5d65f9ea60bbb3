import type { Operator, Read } from '../../graph/operator.js'
import { detachKey } from '../../../base/keys/detach.js'
import { keyOf, type Key } from '../../../base/keys/key.js'
import type { Partitioner, PartitionOptions } from '../../../base/keys/partitioner.js'
import { PairColumns } from '../../../rdd/execution/pair-columns.js'
import type { RDDContext } from '../../../rdd/rdd-context.js'
import type { Cell } from '../../state/cell.js'
import { KeyedState } from '../../state/keyed-state.js'
import { columnsOf, sizeOf } from './columns.js'
import { inSlices } from './in-slices.js'

export interface IncrementalOptions<K extends Key, V> extends PartitionOptions {
  readonly sc: RDDContext
  readonly filterFunc?: ((pair: readonly [K, V]) => boolean) | undefined
}

/** Some batches as one value per key. */
interface Gathered<V> {
  readonly afterMs: number
  readonly untilMs: number
  readonly columns: PairColumns<Key, V>
  /** In how many of the batches each key has data; left out where that is one for all. */
  readonly counts?: readonly number[] | undefined
}

/** The same with the cells that the values went into: they leave as they came, without a search for their keys. */
interface Entered<V> extends Omit<Gathered<V>, 'columns'> {
  readonly cells: (Cell<V> | undefined)[]
  readonly values: readonly V[]
}

/** The window of one operator, moved from batch to batch. */
export class MovingWindow<K extends Key, V> {
  readonly values: KeyedState<V>
  /** In how many batches of the window a key has data; only kept where it decides when a key may go. */
  readonly #spread: KeyedState<number> | undefined
  /** What has entered in this life of the program, as long as it is in the window. */
  #inside: Entered<V>[] = []

  constructor(
    readonly reduced: Operator<readonly [K, V]>,
    readonly f: (a: V, b: V) => V,
    readonly inverse: (a: V, b: V) => V,
    readonly windowMs: number,
    readonly slideMs: number,
    readonly options: IncrementalOptions<K, V>,
    partitioner: Partitioner,
  ) {
    this.values = new KeyedState<V>({ partitioner })
    this.#spread = options.filterFunc === undefined ? undefined : new KeyedState<number>({ partitioner })
  }

  get tables(): Record<string, KeyedState<any>> {
    return this.#spread === undefined ? { state: this.values } : { state: this.values, spread: this.#spread }
  }

  /** From the window that ended one slide ago to the one that ends now; no batch between them counts. */
  async move(time: number, read: Read): Promise<void> {
    const { windowMs } = this
    const before = time - this.slideMs
    const leaving = await this.#leaving(before - windowMs, Math.min(before, time - windowMs), read)
    const entering = await this.#gather(Math.max(before, time - windowMs), time, read)
    this.#inside = this.#inside.filter(({ untilMs }) => untilMs > leaving.untilMs && untilMs < time)
    await this.#takeOut(leaving)
    const entered = await this.#find(entering)
    await this.#putIn(entering.columns.keys, entered)
    this.#inside.push(entered)
    this.#drop(leaving)
    if (this.slideMs === this.reduced.slideMs) await this.#giveKeys(time, read, entering.columns.keys, entered)
  }

  /** What goes: as it came, or, from before a restart, as the batches say. */
  async #leaving(afterMs: number, untilMs: number, read: Read): Promise<Entered<V>> {
    const known = this.#inside.find((batches) => batches.afterMs === afterMs && batches.untilMs === untilMs)
    if (known !== undefined) return known
    return this.#find(await this.#gather(afterMs, untilMs, read))
  }

  /** With the cells of its keys, found before any of them is changed. */
  async #find({ columns: { keys, values }, ...gathered }: Gathered<V>): Promise<Entered<V>> {
    // Of its full length from the start: growing it would cost as much as the searches.
    const cells = new Array<Cell<V> | undefined>(keys.length)
    await inSlices(this.options.sc, keys.length, (from, until) => this.values.findCells(keys, cells, from, until))
    return { ...gathered, values, cells }
  }

  /**
   * The batch is held for as long as the window is long, by the keys of the table instead of those that came with it:
   * these are more memory, and may be cuts that keep longer texts alive.
   */
  async #giveKeys(time: number, read: Read, came: readonly Key[], { cells, values }: Entered<V>): Promise<void> {
    const rdd = await read(this.reduced, time)
    if (rdd === undefined) return
    const keys = new Array<Key>(cells.length)
    await inSlices(this.options.sc, cells.length, (from, until) => {
      for (let i = from; i < until; i++) {
        const key = came[i]!
        keys[i] = typeof key === 'number' ? key : (cells[i]?.key ?? detachKey(key))
      }
    })
    const all = new PairColumns(keys as K[], values)
    let at = 0
    rdd.replace((await rdd.held()).map((held) => all.slice(at, (at += sizeOf(held)))))
  }

  #takeOut({ cells, values, counts }: Entered<V>): Promise<void> {
    return inSlices(this.options.sc, cells.length, (from, until) => {
      // All that is read before all that is written, as in `findCells`.
      // Not by way of `#current`: a write for every cell, changed or not, costs a seventh of a whole slide.
      for (let i = from; i < until; i++) {
        const cell = cells[i]
        if (cell !== undefined && cell.value === undefined) cells[i] = this.values.cell(cell.key)
      }
      for (let i = from; i < until; i++) {
        const cell = cells[i]
        if (cell === undefined) continue
        this.#put(cell, this.inverse(cell.value as V, values[i]!))
        this.#count(cell.key, -(counts?.[i] ?? 1))
      }
    })
  }

  #putIn(keys: readonly Key[], { values, cells, counts }: Entered<V>): Promise<void> {
    return inSlices(this.options.sc, cells.length, (from, until) => {
      for (let i = from; i < until; i++) {
        const cell = cells[i]
        const value = values[i]!
        if (cell !== undefined) this.#put(cell, this.f(cell.value as V, value))
        else if (value !== undefined) cells[i] = this.values.add(keys[i]!, value)
        this.#count(keys[i]!, counts?.[i] ?? 1)
      }
    })
  }

  /** The cell of the same key that has a value: one that was dropped meanwhile is none. */
  #current(cell: Cell<V> | undefined): Cell<V> | undefined {
    return cell === undefined || cell.value !== undefined ? cell : this.values.cell(cell.key)
  }

  #put(cell: Cell<V>, value: V): void {
    if (value === undefined) this.values.drop(cell)
    else this.values.write(cell, value)
  }

  #count(key: Key, change: number): void {
    this.#spread?.set(key, (this.#spread.get(key) ?? 0) + change)
  }

  /** Keys without data in the window go, where the filter does not want what is left of them. */
  #drop({ cells }: Entered<V>): void {
    const spread = this.#spread
    const { filterFunc } = this.options
    if (spread === undefined || filterFunc === undefined) return
    for (const gone of cells) {
      const cell = this.#current(gone)
      if (cell === undefined || spread.get(cell.key) !== 0) continue
      if (filterFunc([cell.key as K, cell.value as V])) continue
      this.values.drop(cell)
      spread.delete(cell.key)
    }
  }

  /** The batches in (after, until] as one, oldest first. */
  async #gather(afterMs: number, untilMs: number, read: Read): Promise<Gathered<V>> {
    const batches: PairColumns<Key, V>[] = []
    for (let time = afterMs + this.reduced.slideMs; time <= untilMs; time += this.reduced.slideMs) {
      const rdd = await read(this.reduced, time)
      if (rdd !== undefined) batches.push(await columnsOf(this.options.sc, await rdd.held()))
    }
    // The keys of one batch differ already.
    return { afterMs, untilMs, ...(batches.length === 1 ? { columns: batches[0]! } : await this.#merge(batches)) }
  }

  async #merge(batches: readonly PairColumns<Key, V>[]): Promise<Pick<Gathered<V>, 'columns' | 'counts'>> {
    const merged = new Map<Key, V>()
    const counts = new Map<Key, number>()
    for (const { keys, values } of batches) {
      await inSlices(this.options.sc, keys.length, (from, until) => {
        for (let i = from; i < until; i++) {
          // What was read back from a checkpoint has keys of its own.
          const key = keyOf(keys[i]!)
          const count = counts.get(key)
          counts.set(key, (count ?? 0) + 1)
          merged.set(key, count === undefined ? values[i]! : this.f(merged.get(key) as V, values[i]!))
        }
      })
    }
    const columns = new PairColumns([...merged.keys()], [...merged.values()])
    return { columns, counts: [...counts.values()] }
  }
}
