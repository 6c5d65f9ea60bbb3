import type { Evaluation } from '../plan/evaluation.js'
import type { CompareRanks } from './bounded-heap.js'
import { chain, forEachInOrder, type MaybePromise } from '../../base/maybe-promise.js'

/** The indexes of the records, in sorted order. */
export type Permutation = Uint32Array

/** The number of records sorted, merged or moved without a pause, which takes some milliseconds at most. */
export const CHUNK_SIZE = 1 << 13

/** Sorts ranks stably by comparing them, from the bottom up. Yields to the event loop. */
export function mergeOrder(
  ranks: readonly unknown[],
  compare: CompareRanks,
  evaluation: Evaluation,
): MaybePromise<Permutation> {
  const { length } = ranks
  const sorter = new MergeSorter(ranks, compare)
  const begun = forEachInOrder(Math.ceil(length / CHUNK_SIZE), (c) => {
    sorter.begin(c * CHUNK_SIZE, Math.min(length, (c + 1) * CHUNK_SIZE))
    return evaluation.yieldIfDue(CHUNK_SIZE)
  })
  return chain(begun, () => chain(mergeAll(sorter, CHUNK_SIZE, length, evaluation), () => sorter.result))
}

function mergeAll(sorter: MergeSorter, width: number, length: number, evaluation: Evaluation): MaybePromise<void> {
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
  sorter: MergeSorter,
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

/** Makes and merges the runs of a merge sort. The source and the target are swapped after each round. */
class MergeSorter {
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

  /** Makes a run. */
  begin(low: number, high: number): void {
    const ranks = this.#ranks
    const places = Array.from({ length: high - low }, (_, i) => low + i)
    this.#from.set(
      places.sort((a, b) => this.#compare(ranks[a], ranks[b])),
      low,
    )
  }

  /**
   * Writes positions `k` to before `until` of a merged run. The unmerged rest of its first half is `i` to before `middle`,
   * that of the second half `j` to before `high`. Returns the new `i`.
   */
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

  get result(): Permutation {
    return this.#from
  }
}
