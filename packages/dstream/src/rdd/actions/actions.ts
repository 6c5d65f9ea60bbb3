import { emptyCollection } from '../../base/errors/rdd.js'
import type { Place } from '../../base/record-error.js'
import { aFunction, nonNegativeInteger, positiveInteger } from '../../base/options.js'
import { blame } from '../plan/blame.js'
import { feed, feedAll, partitionOf, pass } from '../execution/evaluate.js'
import type { Evaluation } from '../plan/evaluation.js'
import { eachAsync } from '../transformations/map-async.js'
import { andThen, inOrder, type Maybe } from '../../base/maybe-promise.js'
import { readOnly } from '../transformations/partition-steps.js'
import type { AnyFunction, PlanNode, StepOp } from '../plan/plan.js'
import { collectSink, countSink, foldSink, reduceSink, takeSink } from '../execution/sink.js'
import { ordered } from '../transformations/sort.js'

export function collect(node: PlanNode, evaluation: Evaluation): Maybe<unknown[]> {
  const out: unknown[] = []
  return andThen(feedAll(node, collectSink(out), evaluation), () => out)
}

export function count(node: PlanNode, evaluation: Evaluation): Maybe<number> {
  const sink = countSink()
  return andThen(feedAll(node, sink, evaluation), () => sink.n)
}

/** Evaluates no more partitions, and no more of the last one, than it takes. */
export function take(node: PlanNode, n: number, evaluation: Evaluation): Maybe<unknown[]> {
  const out: unknown[] = []
  if (nonNegativeInteger('take', 'n', n) === 0) return out
  const shortcut = firstOfSorted(node, n, evaluation)
  if (shortcut !== undefined) return shortcut
  return andThen(feedAll(node, takeSink(out, n), evaluation), () => out)
}

const oneToOne: ReadonlySet<StepOp> = new Set<StepOp>(['map', 'mapValues', 'tap', 'keys', 'values'])

/** What is sorted, and then at most mapped one to one, need not be sorted as a whole for its first records. */
function firstOfSorted(node: PlanNode, n: number, evaluation: Evaluation): Maybe<unknown[]> | undefined {
  const steps: PlanNode[] = []
  let base = node
  while (base.plan.type === 'narrow' && base.kept === undefined && oneToOne.has(base.plan.op)) {
    steps.unshift(base)
    base = base.parents[0]!
  }
  if (base.plan.type !== 'wide' || base.plan.first === undefined || base.made !== undefined || base.shared) {
    return undefined
  }
  const out: unknown[] = []
  return andThen(base.plan.first(n, evaluation), (records) =>
    andThen(pass(records, steps, collectSink(out), evaluation), () => out),
  )
}

/** The n least by `by`, in order. */
export function takeOrdered(
  node: PlanNode,
  n: number,
  by: AnyFunction,
  ascending: boolean,
  evaluation: Evaluation,
): Maybe<unknown[]> {
  const where = ascending ? 'takeOrdered' : 'top'
  nonNegativeInteger(where, 'n', n)
  return ordered(node, placeOf(node, where), n, aFunction(where, 'by', by), ascending, evaluation)
}

/** The greatest or the least record. */
export function extreme(node: PlanNode, where: 'max' | 'min', by: AnyFunction, evaluation: Evaluation): Maybe<unknown> {
  const one = ordered(node, placeOf(node, where), 1, aFunction(where, 'by', by), where === 'min', evaluation)
  return andThen(one, (records) => {
    if (records.length === 0) throw emptyCollection(where)
    return records[0]
  })
}

export function first(node: PlanNode, evaluation: Evaluation): Maybe<unknown> {
  return andThen(take(node, 1, evaluation), (records) => {
    if (records.length === 0) throw emptyCollection('first')
    return records[0]
  })
}

export function isEmpty(node: PlanNode, evaluation: Evaluation): Maybe<boolean> {
  return andThen(take(node, 1, evaluation), (records) => records.length === 0)
}

export function reduce(node: PlanNode, f: AnyFunction, evaluation: Evaluation): Maybe<unknown> {
  const place = placeOf(node, 'reduce')
  const sink = reduceSink(place, aFunction('reduce', 'the function', f))
  return andThen(feedAll(node, sink, evaluation), () => {
    if (!sink.has) throw emptyCollection('reduce')
    return sink.acc
  })
}

export function foreach(node: PlanNode, f: AnyFunction, evaluation: Evaluation): Maybe<void> {
  const place = placeOf(node, 'foreach')
  return feedAll(node, { kind: 'foreach', f: aFunction('foreach', 'the function', f), place }, evaluation)
}

/** `zero` begins every partition, and once more what the partitions are combined into (Spark's aggregate). */
export function aggregate(
  node: PlanNode,
  operator: string,
  functions: { readonly zero: () => unknown; readonly seq: AnyFunction; readonly comb: AnyFunction },
  evaluation: Evaluation,
): Maybe<unknown> {
  const { zero, seq, comb } = functions
  aFunction(operator, 'the function', seq)
  aFunction(operator, 'the function that combines', comb)
  const place = placeOf(node, operator)
  let result = zero()
  const done = inOrder(node.numPartitions, (i) => {
    const sink = foldSink(place, seq, zero())
    return andThen(feed(node, i, sink, evaluation), () => {
      result = comb(result, sink.acc)
    })
  })
  return andThen(done, () => result)
}

/** One partition after the other; what `f` returns is awaited. */
export function foreachPartition(node: PlanNode, f: AnyFunction, evaluation: Evaluation): Maybe<void> {
  aFunction('foreachPartition', 'the function', f)
  const place = placeOf(node, 'foreachPartition')
  return inOrder(node.numPartitions, (i) =>
    andThen(partitionOf(node, i, evaluation), async (records) => {
      try {
        await f(readOnly(records))
      } catch (error) {
        blame(place, records, error, undefined)
      }
    }),
  )
}

/** Some records at a time; the first failure aborts the signals of the others. */
export function foreachAsync(
  node: PlanNode,
  f: (record: never, signal: AbortSignal) => Promise<void>,
  concurrency: number,
  evaluation: Evaluation,
): Maybe<void> {
  aFunction('foreachAsync', 'the function', f)
  positiveInteger('foreachAsync', 'concurrency', concurrency)
  const place = placeOf(node, 'foreachAsync')
  const { onRecordError } = evaluation.runtime
  return inOrder(node.numPartitions, (i) =>
    andThen(partitionOf(node, i, evaluation), (records) =>
      eachAsync(records, concurrency, async (record, _, signal) => {
        try {
          await f(record as never, signal)
        } catch (error) {
          // A call that fails because another one has failed is not to blame.
          if (!signal.aborted) blame(place, record, error, onRecordError)
        }
      }),
    ),
  )
}

function placeOf(node: PlanNode, operator: string): Place {
  return { operator, time: node.time }
}
