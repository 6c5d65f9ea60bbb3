import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'

/**
 * One record in, any number out, in the order `f` gives them.
 *
 * Law: in each batch, `out = in.flatMap(f)`; `flatMap(x => [f(x)]) = map(f)`.
 */
export function flatMap<T, U>(parent: Operator<T>, f: (record: T) => Iterable<U> & object): Operator<U> {
  return eachRDD('flatMap', parent, (rdd) => rdd.flatMap(f))
}
