import { recordForm } from '../base/text/text-form.js'
import { RDD } from './rdd.js'

/**
 * Returns a record as text, in the form of `print` and `saveAsTextFiles`, which is Spark's: arrays are tuples, whole numbers
 * are Java's integers and others its doubles, Maps and Sets are Scala's. An object with a `toString` of its own is what that
 * returns, every other object is one line of JSON. Never throws.
 *
 * @param rdd the RDD that holds the record: the groups of `groupByKey` and `cogroup` are then written as Spark's
 * collections, `Seq(…)` of an RDD and `ArrayBuffer(…)` of a stream; without it they are arrays like others
 * @example
 * textForm(['a', [1, -0.0001], true]) // '(a,(1,-1.0E-4),true)'
 * const groups = sc.parallelize([['a', 1], ['a', 2]]).groupByKey()
 * const records = await groups.collect()
 * records.map((record) => textForm(record, groups)) // ['(a,Seq(1, 2))']
 */
export function textForm(record: unknown, rdd?: RDD<unknown>): string {
  // A second argument may also be the index that `map` gives.
  return recordForm(rdd instanceof RDD ? rdd.node.groups : undefined)(record)
}
