import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'

/**
 * Looks at each record and passes it on. It runs only where an output pulls, and sees as many records as that output pulls.
 *
 * Law: `tap(f)` gives what it is given.
 */
export function tap<T>(parent: Operator<T>, f: (record: T) => void): Operator<T> {
  return eachRDD('tap', parent, (rdd) =>
    rdd.map((record) => {
      f(record)
      return record
    }),
  )
}
