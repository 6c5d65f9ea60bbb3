import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import { add, subtract } from './internal/sums.js'
import { mapToPair } from './map-to-pair.js'
import { reduceByKeyAndWindowIncrementally } from './reduce-by-key-and-window-incrementally.js'

/**
 * Counts how often each value occurs in a window; a value that has left it is absent.
 *
 * Law: `countByValueAndWindow(w, s) = window(w, s).countByValue()`, in some order.
 */
export function countByValueAndWindow<T extends Key>(
  parent: Operator<T>,
  windowMs: number,
  slideMs: number,
  sc: RDDContext,
  options: PartitionOptions = {},
): Operator<[T, number]> {
  const ones = mapToPair(parent, (record): [T, number] => [record, 1])
  const filterFunc = ([, count]: readonly [T, number]): boolean => count !== 0
  return reduceByKeyAndWindowIncrementally(ones, add, subtract, windowMs, slideMs, { ...options, sc, filterFunc })
}
