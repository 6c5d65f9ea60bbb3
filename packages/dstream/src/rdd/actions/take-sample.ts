import { aBoolean, nonNegativeInteger } from '../../base/options.js'
import { chain, type MaybePromise } from '../../base/maybe-promise.js'
import { Random } from '../../base/random.js'
import type { Evaluation } from '../plan/evaluation.js'
import type { LineageNode } from '../plan/lineage.js'
import { checkSeed, seedOf } from '../transformations/sample.js'
import { collect } from './actions.js'

/** Returns exactly n records in random order, or all of them if there are fewer and none may repeat. */
export function takeSample(
  node: LineageNode,
  withReplacement: boolean,
  n: number,
  seed: number | undefined,
  evaluation: Evaluation,
): MaybePromise<unknown[]> {
  aBoolean('takeSample', 'withReplacement', withReplacement)
  nonNegativeInteger('takeSample', 'n', n)
  checkSeed('takeSample', seed)
  const random = new Random(seedOf(node, seed))
  return chain(collect(node, evaluation), (records) => {
    if (withReplacement) {
      return records.length === 0 ? [] : Array.from({ length: n }, () => records[random.below(records.length)])
    }
    // Shuffles only the first records (Fisher and Yates).
    const size = Math.min(n, records.length)
    for (let i = 0; i < size; i++) {
      const j = i + random.below(records.length - i)
      ;[records[i], records[j]] = [records[j], records[i]]
    }
    return records.slice(0, size)
  })
}
