import { copyRecord } from '../../../base/values/copy.js'
import { settled } from '../../../base/promises.js'
import type { Operator, Read } from '../../graph/operator.js'
import { detachKey } from '../../../base/keys/detach.js'
import { keyOf, type Key } from '../../../base/keys/key.js'
import type { PartitionOptions } from '../../../base/keys/partitioner.js'
import { PairColumns } from '../../../rdd/execution/pair-columns.js'
import type { RDD } from '../../../rdd/rdd.js'
import type { RDDContext } from '../../../rdd/rdd-context.js'
import type { Cell } from '../../state/cell.js'
import { handOut } from '../../state/own.js'
import { KeyedState } from '../../state/keyed-state.js'
import { columnsOf, sizeOf } from './columns.js'
import { inSlices } from './in-slices.js'

export interface IncrementalOptions<K extends Key, V> extends PartitionOptions {
  readonly sc: RDDContext
  readonly filterFunc?: ((pair: readonly [K, V]) => boolean) | undefined
}

/** The batches in (afterMs, untilMs], merged to one value per key. */
interface MergedBatches<V> {
  readonly afterMs: number
  readonly untilMs: number
  readonly times: readonly number[]
  readonly columns: PairColumns<Key, V>
  /** For each key, the number of batches with data of it; absent when that is one for all keys. */
  readonly counts?: readonly number[] | undefined
}

/** Merged batches with the cell of each key, so that they can leave the window without another search for their keys. */
interface LocatedBatches<V> extends Omit<MergedBatches<V>, 'columns' | 'times'> {
  readonly cells: (Cell<V> | undefined)[]
  readonly values: readonly V[]
}

/** The batches that one slide moves out of the window and into it. */
interface Slide<K, V> {
  /** `undefined` when the window is computed anew from all of its batches, which are those that enter. */
  readonly leaving: LocatedBatches<V> | undefined
  readonly entering: MergedBatches<V>
  /** The batch that ends the window, where only that one enters. */
  readonly newest: RDD<readonly [K, V]> | undefined
}

/** The key under which the span of the table is stored. */
const SPAN = 'window'

/**
 * The window of one operator, which moves from batch to batch. The table holds the reduced value of each key. The batches
 * in it, (afterMs, untilMs], are stored with it: after a restart with another length, slide or interval, or behind batches
 * that were left out, the window before the batch is not the one in the table, and the table is computed anew.
 *
 * ```
 * previous  |---- window ----|
 * current         |---- window ----|
 *           leaving          entering
 * ```
 */
export class MovingWindow<K extends Key, V> {
  /** For each key, the number of batches of the window with data of it; only with a filter, which may drop keys. */
  readonly #batchCounts: KeyedState<number> | undefined
  /** The span of the batches that the table holds, [afterMs, untilMs]. */
  readonly #span = new KeyedState<readonly [afterMs: number, untilMs: number]>()
  /** The batches that have entered since this process started, as long as they are in the window. */
  #inside: LocatedBatches<V>[] = []

  constructor(
    readonly values: KeyedState<V>,
    readonly reduced: Operator<readonly [K, V]>,
    readonly f: (a: V, b: V) => V,
    readonly inverse: (a: V, b: V) => V,
    readonly windowMs: number,
    readonly slideMs: number,
    readonly options: IncrementalOptions<K, V>,
  ) {
    const { partitioner } = values
    this.#batchCounts = options.filterFunc === undefined ? undefined : new KeyedState<number>({ partitioner })
  }

  get furtherTables(): Readonly<Record<string, KeyedState<any>>> {
    return { span: this.#span, ...(this.#batchCounts === undefined ? {} : { spread: this.#batchCounts }) }
  }

  /** Reads the batches that leave and enter the window of `time`. Batches between two windows are in neither. */
  async gather(time: number, read: Read): Promise<Slide<K, V>> {
    const { windowMs, slideMs } = this
    const before = time - slideMs
    const leavingAfter = before - windowMs
    const leavingUntil = Math.min(before, time - windowMs)
    const goesOn = this.#holds(leavingAfter, before) && this.#canLeave(leavingAfter, leavingUntil, read)
    const leaving = goesOn ? await this.#leaving(leavingAfter, leavingUntil, read) : undefined
    const entering = await this.#merged(goesOn ? Math.max(before, time - windowMs) : time - windowMs, time, read)
    const isOne = slideMs === this.reduced.slideMs && entering.times.length === 1 && entering.times[0] === time
    return { leaving, entering, newest: isOne ? await read(this.reduced, time) : undefined }
  }

  /** Moves the window: takes the old batches off the previous values, then adds the new ones. */
  async update({ leaving, entering, newest }: Slide<K, V>, time: number): Promise<void> {
    this.#span.set(SPAN, [time - this.windowMs, time])
    const { keys } = entering.columns
    const emptied = leaving === undefined ? await this.#empty() : undefined
    if (leaving !== undefined) {
      this.#inside = this.#inside.filter(({ untilMs }) => untilMs > leaving.untilMs && untilMs < time)
      await this.#takeOff(leaving)
    }
    const entered = await this.#locate(entering)
    await this.#add(keys, entered, leaving === undefined)
    if (leaving !== undefined) this.#inside.push(entered)
    else if (newest !== undefined) this.#inside.push({ ...entered, afterMs: time - this.slideMs })
    this.#dropHidden(leaving?.cells ?? emptied!)
    if (newest !== undefined) await this.#shareKeys(newest, keys, entered)
  }

  /** Whether the table holds the batches in (afterMs, untilMs] and no others. */
  #holds(afterMs: number, untilMs: number): boolean {
    const span = this.#span.at(SPAN)
    return span?.[0] === afterMs && span[1] === untilMs
  }

  /**
   * Whether the batches in (afterMs, untilMs] can be read, to take them off. A run in between, whose window was shorter, has
   * dropped them; when it had no batch on its slide, it has left the table as it was.
   */
  #canLeave(afterMs: number, untilMs: number, read: Read): boolean {
    return this.#insideAt(afterMs, untilMs) !== undefined || read.isWhole(this.reduced, afterMs, untilMs)
  }

  #insideAt(afterMs: number, untilMs: number): LocatedBatches<V> | undefined {
    return this.#inside.find((batches) => batches.afterMs === afterMs && batches.untilMs === untilMs)
  }

  /** Takes all batches off. A key keeps the rest of its value, as when its batches leave one by one. */
  async #empty(): Promise<readonly Cell<V>[]> {
    const { values } = this
    this.#inside = []
    const cells: Cell<V>[] = []
    for (let partition = 0; partition < values.numPartitions; partition++) {
      for (const chunk of values.chunks(partition)) cells.push(...chunk.filter(({ value }) => value !== undefined))
    }
    await inSlices(this.options.sc, cells.length, (from, until) => {
      for (const cell of cells.slice(from, until)) {
        this.#put(cell, this.inverse(cell.value as V, cell.value as V))
        this.#batchCounts?.set(cell.key, 0)
      }
    })
    return cells
  }

  /** Returns the leaving batches with the cells they entered, or, when they entered before a restart, reads them again. */
  async #leaving(afterMs: number, untilMs: number, read: Read): Promise<LocatedBatches<V>> {
    return this.#insideAt(afterMs, untilMs) ?? this.#locate(await this.#merged(afterMs, untilMs, read))
  }

  /** Finds the cells of all keys, before any of them is changed. */
  async #locate({ columns: { keys, values }, afterMs, untilMs, counts }: MergedBatches<V>): Promise<LocatedBatches<V>> {
    // Allocates the full length at once: growing the array would cost as much as the searches.
    const cells = new Array<Cell<V> | undefined>(keys.length)
    await inSlices(this.options.sc, keys.length, (from, until) => this.values.findCells(keys, cells, from, until))
    return { afterMs, untilMs, counts, values, cells }
  }

  #takeOff({ cells, values, counts }: LocatedBatches<V>): Promise<void> {
    return inSlices(this.options.sc, cells.length, (from, until) => {
      // Reads all cells before it writes any, as `findCells` does. Inlined instead of calling #current, which would write
      // every array element (1/7 of a slide).
      for (let i = from; i < until; i++) {
        const cell = cells[i]
        if (cell !== undefined && cell.value === undefined) cells[i] = this.values.cell(cell.key)
      }
      for (let i = from; i < until; i++) {
        const cell = cells[i]
        if (cell === undefined) continue
        this.#put(cell, this.inverse(handOut(cell.value as V), copyRecord(values[i]!)))
        this.#count(cell.key, -(counts?.[i] ?? 1))
      }
    })
  }

  /** @param isNew whether the values replace those of their keys */
  #add(keys: readonly Key[], { values, cells, counts }: LocatedBatches<V>, isNew: boolean): Promise<void> {
    return inSlices(this.options.sc, cells.length, (from, until) => {
      for (let i = from; i < until; i++) {
        const cell = cells[i]
        const value = values[i]!
        if (cell !== undefined) this.#put(cell, isNew ? value : this.f(handOut(cell.value as V), copyRecord(value)))
        else if (value !== undefined) cells[i] = this.values.add(keys[i]!, value)
        this.#count(keys[i]!, counts?.[i] ?? 1)
      }
    })
  }

  /** Drops the keys that have no data in the window any more and whose remaining value the filter hides. */
  #dropHidden(cells: readonly (Cell<V> | undefined)[]): void {
    const batchCounts = this.#batchCounts
    const { filterFunc } = this.options
    if (batchCounts === undefined || filterFunc === undefined) return
    for (const left of cells) {
      const cell = this.#current(left)
      if (cell === undefined || batchCounts.get(cell.key) !== 0) continue
      if (settled('filterFunc', filterFunc([cell.key as K, handOut(cell.value as V)]))) continue
      this.values.drop(cell)
      batchCounts.delete(cell.key)
    }
  }

  /**
   * Replaces the keys of the newest batch, which is kept for as long as the window is long, with those of the table. Its
   * own keys take more memory and may be substrings that keep longer texts alive.
   */
  async #shareKeys(
    newest: RDD<readonly [K, V]>,
    given: readonly Key[],
    { cells, values }: LocatedBatches<V>,
  ): Promise<void> {
    const keys = new Array<Key>(cells.length)
    await inSlices(this.options.sc, cells.length, (from, until) => {
      for (let i = from; i < until; i++) {
        const key = given[i]!
        keys[i] = typeof key === 'number' ? key : (cells[i]?.key ?? detachKey(key))
      }
    })
    const all = new PairColumns(keys as K[], values)
    let at = 0
    newest.replacePartitions((await newest.partitions()).map((partition) => all.slice(at, (at += sizeOf(partition)))))
  }

  /** Returns a cell of the same key that has a value: the given one may have been dropped since. */
  #current(cell: Cell<V> | undefined): Cell<V> | undefined {
    return cell === undefined || cell.value !== undefined ? cell : this.values.cell(cell.key)
  }

  #put(cell: Cell<V>, value: V): void {
    if (value === undefined) this.values.drop(cell)
    else this.values.write(cell, value)
  }

  #count(key: Key, change: number): void {
    this.#batchCounts?.set(key, (this.#batchCounts.get(key) ?? 0) + change)
  }

  /** Merges the batches in (after, until], oldest first. */
  async #merged(afterMs: number, untilMs: number, read: Read): Promise<MergedBatches<V>> {
    const batches: PairColumns<Key, V>[] = []
    const times = read.times(this.reduced, afterMs, untilMs)
    for (const time of times) {
      const rdd = await read(this.reduced, time)
      if (rdd !== undefined) batches.push(await columnsOf(this.options.sc, await rdd.partitions()))
    }
    // The keys of a single batch are distinct already.
    return {
      afterMs,
      untilMs,
      times,
      ...(batches.length === 1 ? { columns: batches[0]! } : await this.#merge(batches)),
    }
  }

  async #merge(batches: readonly PairColumns<Key, V>[]): Promise<Pick<MergedBatches<V>, 'columns' | 'counts'>> {
    const merged = new Map<Key, V>()
    const counts = new Map<Key, number>()
    for (const { keys, values } of batches) {
      await inSlices(this.options.sc, keys.length, (from, until) => {
        for (let i = from; i < until; i++) {
          // Batches read back from a checkpoint have keys that are not canonical.
          const key = keyOf(keys[i]!)
          const count = counts.get(key)
          counts.set(key, (count ?? 0) + 1)
          const own = copyRecord(values[i]!)
          const value = count === undefined ? own : this.f(merged.get(key) as V, own)
          merged.set(key, settled('reduceByKeyAndWindow', value))
        }
      })
    }
    const columns = new PairColumns([...merged.keys()], [...merged.values()])
    return { columns, counts: [...counts.values()] }
  }
}
