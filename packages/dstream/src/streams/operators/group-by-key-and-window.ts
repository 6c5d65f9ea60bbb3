import { GROUPED_IN_STREAM } from '../../base/text/groups.js'
import type { Operator } from '../graph/operator.js'
import type { Key } from '../../base/keys/key.js'
import type { PartitionOptions } from '../../base/keys/partitioner.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import { combineByKey, type Combiner } from './combine-by-key.js'
import { groupByKey } from './group-by-key.js'
import { copyRecord } from '../../base/values/copy.js'
import { window } from './window.js'

/**
 * Groups the values of each key over a window into one array, oldest batch first; a key without data in the window is absent.
 *
 * Law: `groupByKeyAndWindow(w, s) = window(w, s).groupByKey()`; each batch is grouped once.
 */
export function groupByKeyAndWindow<K extends Key, V>(
  parent: Operator<readonly [K, V]>,
  windowMs: number,
  slideMs: number,
  sc: RDDContext,
  options: PartitionOptions = {},
): Operator<[K, V[]]> {
  const batches = window(groupByKey(parent, options), windowMs, slideMs, sc, false)
  return { ...combineByKey(batches, appended<V>(), options), groups: GROUPED_IN_STREAM }
}

/** Concatenates the groups of one key into a new array of copies: the groups of a batch belong to several windows. */
function appended<V>(): Combiner<V[], V[]> {
  const append = (all: V[], values: readonly V[]): V[] => {
    for (const value of values) all.push(copyRecord(value))
    return all
  }
  return { create: (values) => append([], values), merge: append, mergeCombiners: append }
}
