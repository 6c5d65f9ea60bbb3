import { eachRDD } from '../graph/make.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import { reduceByKey } from './reduce-by-key.js'
import { window } from './window.js'

/**
 * Reduces the values of each key over a window to one value: each batch is reduced once, then the batches of the window.
 * A key without data in the window is absent.
 *
 * Law: `reduceByKeyAndWindow(f, w, s) = window(w, s).reduceByKey(f)`.
 */
export function reduceByKeyAndWindow<K extends Key, V>(
  parent: Operator<readonly [K, V]>,
  f: (a: V, b: V) => V,
  windowMs: number,
  slideMs: number,
  sc: RDDContext,
  options: PartitionOptions = {},
): Operator<[K, V]> {
  const reduced = window(reduceByKey(parent, f, options), windowMs, slideMs, sc)
  // reduceByKey has detached the keys already, so this reduction need not copy them.
  return eachRDD('reduceByKey', reduced, (rdd) => rdd.reduceByKeyTransient(f, options), { functions: [f] })
}
