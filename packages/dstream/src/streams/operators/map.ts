import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'

/**
 * Maps one record to one record.
 *
 * Law: `map(f).map(g) = map(x => g(f(x)))`; in each batch, `out = in.map(f)`.
 */
export function map<T, U>(parent: Operator<T>, f: (record: T) => U): Operator<U> {
  return eachRDD('map', parent, (rdd) => rdd.map(f), { functions: [f] })
}
