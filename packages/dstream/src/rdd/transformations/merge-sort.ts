import type { Evaluation } from '../plan/evaluation.js'
import type { CompareRanks } from './bounded-heap.js'
import { chain, forEachInOrder, type MaybePromise } from '../../base/maybe-promise.js'

/** The indexes of the records, in sorted order. */
export type Permutation = Uint32Array

/** The number of records sorted or merged without a pause, which takes some milliseconds at most. */
const CHUNK_SIZE = 1 << 13

/** Makes and merges the runs of a merge sort. The source and the target are swapped after each round. */
interface Sorter {
  /** The length of the runs that `begin` makes. */
  readonly width: number
  begin(low: number, high: number): void
  /**
   * Writes positions `k` to before `until` of a merged run. The unmerged rest of its first half is `i` to before `middle`,
   * that of the second half `j` to before `high`. Returns the new `i`.
   */
  merge(i: number, middle: number, j: number, high: number, k: number, until: number): number
  swap(): void
  result(): Permutation
}

/**
 * Sorts ranks stably, by a merge sort from the bottom up that yields to the event loop. Numbers have a sorter of their own,
 * without a call per comparison.
 */
export function sortedOrder(
  ranks: readonly unknown[],
  compare: CompareRanks,
  ascending: boolean,
  evaluation: Evaluation,
): MaybePromise<Permutation> {
  const { length } = ranks
  const numbers = numbersOf(ranks, ascending)
  const sorter = numbers === undefined ? new AnySorter(ranks, compare) : new NumberSorter(numbers)
  const begun = forEachInOrder(Math.ceil(length / CHUNK_SIZE), (c) => {
    const end = Math.min(length, (c + 1) * CHUNK_SIZE)
    for (let low = c * CHUNK_SIZE; low < end; low += sorter.width) sorter.begin(low, Math.min(low + sorter.width, end))
    return evaluation.yieldIfDue(CHUNK_SIZE)
  })
  return chain(begun, () => chain(mergeAll(sorter, sorter.width, length, evaluation), () => sorter.result()))
}

function mergeAll(sorter: Sorter, width: number, length: number, evaluation: Evaluation): MaybePromise<void> {
  if (width >= length) return
  const round = forEachInOrder(Math.ceil(length / (2 * width)), (r) => {
    const low = 2 * r * width
    return mergeTwo(sorter, low, Math.min(low + width, length), Math.min(low + 2 * width, length), evaluation)
  })
  return chain(round, () => {
    sorter.swap()
    return mergeAll(sorter, width * 2, length, evaluation)
  })
}

function mergeTwo(
  sorter: Sorter,
  low: number,
  middle: number,
  high: number,
  evaluation: Evaluation,
): MaybePromise<void> {
  let i = low
  let k = low
  return forEachInOrder(Math.ceil((high - low) / CHUNK_SIZE), () => {
    const until = Math.min(high, k + CHUNK_SIZE)
    // The target has k − low items so far: i − low of them are from the first half, the others from the second.
    const j = middle + (k - low) - (i - low)
    i = sorter.merge(i, middle, j, high, k, until)
    const pause = evaluation.yieldIfDue(until - k)
    k = until
    return pause
  })
}

class AnySorter implements Sorter {
  readonly width = CHUNK_SIZE
  readonly #ranks: readonly unknown[]
  readonly #compare: CompareRanks
  #from: Permutation
  #to: Permutation

  constructor(ranks: readonly unknown[], compare: CompareRanks) {
    this.#ranks = ranks
    this.#compare = compare
    this.#from = new Uint32Array(ranks.length)
    this.#to = new Uint32Array(ranks.length)
  }

  begin(low: number, high: number): void {
    const ranks = this.#ranks
    const places = Array.from({ length: high - low }, (_, i) => low + i)
    this.#from.set(
      places.sort((a, b) => this.#compare(ranks[a], ranks[b])),
      low,
    )
  }

  merge(i: number, middle: number, j: number, high: number, k: number, until: number): number {
    const ranks = this.#ranks
    const from = this.#from
    const to = this.#to
    for (; k < until; k++) {
      const first = j >= high || (i < middle && this.#compare(ranks[from[i]!], ranks[from[j]!]) <= 0)
      to[k] = first ? from[i++]! : from[j++]!
    }
    return i
  }

  swap(): void {
    ;[this.#from, this.#to] = [this.#to, this.#from]
  }
  result(): Permutation {
    return this.#from
  }
}

/** Returns ranks as numbers that `<` sorts as wanted, or `undefined` where some rank is NaN or no number. */
function numbersOf(ranks: readonly unknown[], ascending: boolean): Float64Array | undefined {
  const numbers = new Float64Array(ranks.length)
  for (let i = 0; i < ranks.length; i++) {
    const rank = ranks[i]
    if (typeof rank !== 'number' || rank !== rank) return undefined
    numbers[i] = ascending ? rank : -rank
  }
  return numbers
}

/** Moves the numbers along with their indexes, so that memory is read in sequence. */
class NumberSorter implements Sorter {
  readonly width = 16
  #from: { readonly ranks: Float64Array; readonly places: Permutation }
  #to: { readonly ranks: Float64Array; readonly places: Permutation }

  constructor(ranks: Float64Array) {
    this.#from = { ranks, places: new Uint32Array(ranks.length) }
    this.#to = { ranks: new Float64Array(ranks.length), places: new Uint32Array(ranks.length) }
  }

  /** Sorts by insertion, which is the fastest for so few. */
  begin(low: number, high: number): void {
    const { ranks, places } = this.#from
    for (let place = low; place < high; place++) {
      const rank = ranks[place]!
      let i = place - 1
      for (; i >= low && ranks[i]! > rank; i--) {
        ranks[i + 1] = ranks[i]!
        places[i + 1] = places[i]!
      }
      ranks[i + 1] = rank
      places[i + 1] = place
    }
  }

  merge(i: number, middle: number, j: number, high: number, k: number, until: number): number {
    const { ranks, places } = this.#from
    const to = this.#to
    for (; k < until; k++) {
      const first = j >= high || (i < middle && ranks[i]! <= ranks[j]!)
      const taken = first ? i++ : j++
      to.ranks[k] = ranks[taken]!
      to.places[k] = places[taken]!
    }
    return i
  }

  swap(): void {
    ;[this.#from, this.#to] = [this.#to, this.#from]
  }
  result(): Permutation {
    return this.#from.places
  }
}
