import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { MapAsyncOptions } from '../../rdd/transformations/map-async.js'

/**
 * Maps one record to one record with an asynchronous `f`: at most `concurrency` calls at once, in the order of the records
 * unless `ordered: false`. The first failure aborts the others through their signals and fails the batch.
 *
 * Law: `mapAsync(async x => f(x)) = map(f)`.
 */
export function mapAsync<T, U>(
  parent: Operator<T>,
  f: (record: T, signal: AbortSignal) => Promise<U>,
  options: MapAsyncOptions = {},
): Operator<U> {
  return eachRDD('mapAsync', parent, (rdd) => rdd.mapAsync(f, options))
}
