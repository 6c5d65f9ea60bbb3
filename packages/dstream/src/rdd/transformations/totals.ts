import { chain, type MaybePromise } from '../../base/maybe-promise.js'
import { aFunction } from '../../base/options.js'
import { feedAll } from '../execution/evaluate.js'
import { countSink, reduceSink } from '../execution/loop-sink.js'
import type { Evaluation } from '../plan/evaluation.js'
import { LineageNode, type AnyFunction } from '../plan/lineage.js'

/** Makes an RDD of one record, the reduction of all records; of none where there are none. */
export function reduced(parent: LineageNode, f: AnyFunction): LineageNode {
  aFunction('reduce', 'the function', f)
  const node: LineageNode = total(parent, 'reduce', (evaluation) => {
    const sink = reduceSink(node, f)
    return chain(feedAll(parent, sink, evaluation), () => (sink.has ? [sink.acc] : []))
  })
  return node
}

/** Makes an RDD of one record, the number of records. */
export function counted(parent: LineageNode): LineageNode {
  return total(parent, 'count', (evaluation) => {
    const sink = countSink()
    return chain(feedAll(parent, sink, evaluation), () => [sink.n])
  })
}

function total(
  parent: LineageNode,
  kind: string,
  run: (evaluation: Evaluation) => MaybePromise<readonly unknown[]>,
): LineageNode {
  return new LineageNode({
    kind,
    parents: [parent],
    numPartitions: 1,
    plan: { type: 'wide', run: (evaluation) => chain(run(evaluation), (records) => [records]) },
  })
}
