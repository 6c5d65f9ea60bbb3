import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'

/**
 * Calls `f` for each record and passes the record on. It runs only when an output pulls, for as many records as that output
 * pulls.
 *
 * Law: `tap(f)` gives the records that it is given.
 */
export function tap<T>(parent: Operator<T>, f: (record: T) => void): Operator<T> {
  return eachRDD('tap', parent, (rdd) => rdd.tap(f))
}
