import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import { rddOf } from '../../rdd/rdd-of.js'

/**
 * Passes the `n` greatest records of each batch by `by`, in the natural order, greatest first; ties in order of arrival.
 *
 * Law: `out = stableSort(in, by, descending).slice(0, n)`.
 */
export function top<T>(parent: Operator<T>, n: number, by?: (record: T) => Key): Operator<T> {
  return eachRDD('top', parent, (rdd) => rddOf(rdd.context, [{ load: () => rdd.top(n, by) }]), { params: { n } })
}
