import type { Block } from './block.js'

/** What a source with positions gives to a batch: the records after `from`, up to and with `until`. */
export interface SourceRange {
  readonly from: unknown
  readonly until: unknown
}

/** What belongs to one batch, for good: a batch that is run again gets the same. */
export interface Allocation {
  readonly time: number
  /** Stream id → its blocks, in order of arrival. A stream without a waiting block is not in it. */
  readonly blocks: ReadonlyMap<number, readonly Block[]>
  /** Operator id of the source → its range. */
  readonly ranges: ReadonlyMap<string, SourceRange>
}

/**
 * Allocations in ascending order of time, as a value: a change makes another list. The lists share one array, of which each
 * has a part, so that a batch without data costs next to nothing. An empty list shares none: it may live longer than the data.
 */
export class Allocations implements Iterable<readonly [time: number, Allocation]> {
  readonly #all: Allocation[]
  readonly #from: number
  readonly #until: number

  constructor(all: Allocation[] = [], from = 0, until = all.length) {
    this.#all = all
    this.#from = from
    this.#until = until
  }

  get(time: number): Allocation | undefined {
    const at = this.#firstAfter(time) - 1
    const allocation = at >= this.#from ? this.#all[at] : undefined
    return allocation?.time === time ? allocation : undefined
  }

  has(time: number): boolean {
    return this.get(time) !== undefined
  }

  /** Returns the list with one more allocation, which is later than all others. */
  with(allocation: Allocation): Allocations {
    const isNewest = this.#all.length === this.#until && this.#from < this.#until
    if (!isNewest) return new Allocations([...this.values(), allocation])
    this.#all.push(allocation)
    return new Allocations(this.#all, this.#from)
  }

  /** Returns the list of those after `time`. It has an array of its own: forgotten allocations must not keep their data. */
  after(time: number): Allocations {
    const from = this.#firstAfter(time)
    return from === this.#from ? this : new Allocations(this.#all.slice(from, this.#until))
  }

  *keys(): Generator<number> {
    for (const allocation of this.values()) yield allocation.time
  }

  *values(): Generator<Allocation> {
    for (let i = this.#from; i < this.#until; i++) yield this.#all[i]!
  }

  *[Symbol.iterator](): Generator<readonly [time: number, Allocation]> {
    for (const allocation of this.values()) yield [allocation.time, allocation]
  }

  /** Returns the index of the first allocation after a time. Most are looked for at one of the two ends. */
  #firstAfter(time: number): number {
    let low = this.#from
    let high = this.#until
    if (low === high || this.#all[low]!.time > time) return low
    if (this.#all[high - 1]!.time <= time) return high
    while (low + 1 < high) {
      const middle = (low + high) >> 1
      if (this.#all[middle]!.time <= time) low = middle
      else high = middle
    }
    return high
  }
}
