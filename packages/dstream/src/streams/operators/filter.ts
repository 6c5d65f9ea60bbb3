import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'

/**
 * Keeps the records for which `keep` holds.
 *
 * Law: in each batch, `out = in.filter(keep)`; `filter(p).filter(q) = filter(x => p(x) && q(x))`.
 */
export function filter<T>(parent: Operator<T>, keep: (record: T) => boolean): Operator<T> {
  return eachRDD('filter', parent, (rdd) => rdd.filter(keep), { functions: [keep] })
}
