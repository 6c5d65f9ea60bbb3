import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'

/**
 * Maps one record to any number of records, in the order in which `f` returns them.
 *
 * Law: in each batch, `out = in.flatMap(f)`; `flatMap(x => [f(x)]) = map(f)`.
 */
export function flatMap<T, U>(parent: Operator<T>, f: (record: T) => Iterable<U> & object): Operator<U> {
  return eachRDD('flatMap', parent, (rdd) => rdd.flatMap(f), { functions: [f] })
}
