import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'

/**
 * Collects each partition into one array.
 *
 * Law: `glom().flatMap(x => x)` gives the records that it is given.
 */
export function glom<T>(parent: Operator<T>): Operator<T[]> {
  return eachRDD('glom', parent, (rdd) => rdd.glom())
}
