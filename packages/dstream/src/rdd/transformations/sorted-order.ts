import type { Evaluation } from '../plan/evaluation.js'
import type { MaybePromise } from '../../base/maybe-promise.js'
import type { CompareRanks } from './bounded-heap.js'
import { mergeOrder, type Permutation } from './merge-sort.js'
import { radixOrder } from './radix-sort.js'

/** The ranks from which on counting digits is faster than comparing. */
const MANY = 256

/** Sorts ranks stably. Many numbers are sorted by their digits, all else by the comparison. */
export function sortedOrder(
  ranks: readonly unknown[],
  compare: CompareRanks,
  ascending: boolean,
  evaluation: Evaluation,
): MaybePromise<Permutation> {
  const numbers = ranks.length < MANY ? undefined : numbersOf(ranks, ascending)
  return numbers === undefined ? mergeOrder(ranks, compare, evaluation) : radixOrder(numbers, evaluation)
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
