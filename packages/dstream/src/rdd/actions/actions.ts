import { emptyCollection, zeroIsNoFunction } from '../../base/errors/rdd.js'
import type { RecordOrigin } from '../../base/record-error.js'
import { settled } from '../../base/promises.js'
import { aFunction, nonNegativeInteger, positiveInteger } from '../../base/options.js'
import { failOnRecord } from '../plan/record-policy.js'
import { feed, feedAll, recordsOfPartition } from '../execution/evaluate.js'
import { pass } from '../execution/pass.js'
import type { Evaluation } from '../plan/evaluation.js'
import { eachAsync } from '../transformations/map-async.js'
import { chain, forEachInOrder, type MaybePromise } from '../../base/maybe-promise.js'
import { readOnly } from '../plan/shapes.js'
import type { AnyFunction, LineageNode, StepOp } from '../plan/lineage.js'
import { collected, collectSink, countSink, foldSink, reduceSink, takeSink } from '../execution/loop-sink.js'
import { measured } from '../execution/measure.js'
import { ordered } from '../transformations/sort.js'

export function collect(node: LineageNode, evaluation: Evaluation): MaybePromise<unknown[]> {
  const sink = collectSink()
  return chain(feedAll(node, sink, evaluation), () => collected(sink))
}

export function count(node: LineageNode, evaluation: Evaluation): MaybePromise<number> {
  const sink = countSink()
  return chain(feedAll(node, sink, evaluation), () => sink.n)
}

/** Returns the first n records. Evaluates no more partitions, and no more of the last one, than needed. */
export function take(node: LineageNode, n: number, evaluation: Evaluation): MaybePromise<unknown[]> {
  const out: unknown[] = []
  if (nonNegativeInteger('take', 'n', n) === 0) return out
  const shortcut = firstOfSorted(node, n, evaluation)
  if (shortcut !== undefined) return shortcut
  return chain(feedAll(node, takeSink(out, n), evaluation), () => out)
}

const oneToOne: ReadonlySet<StepOp> = new Set<StepOp>(['map', 'mapValues', 'tap', 'keys', 'values'])

/** Finds the first records of a sorted RDD, mapped one to one since, without sorting it as a whole. */
function firstOfSorted(node: LineageNode, n: number, evaluation: Evaluation): MaybePromise<unknown[]> | undefined {
  const steps: LineageNode[] = []
  let base = node
  while (base.plan.type === 'narrow' && base.cached === undefined && oneToOne.has(base.plan.op)) {
    steps.unshift(base)
    base = base.parents[0]!
  }
  if (base.plan.type !== 'wide' || base.plan.first === undefined || base.computed !== undefined || base.alwaysCached) {
    return undefined
  }
  const { first } = base.plan
  const sink = collectSink()
  return chain(
    measured(base, evaluation, () => first(n, evaluation)),
    (records) => chain(pass(records, steps, sink, evaluation), () => collected(sink)),
  )
}

/** Returns the n least or greatest records by `by`, in order. */
export function takeOrdered(
  node: LineageNode,
  n: number,
  by: AnyFunction,
  ascending: boolean,
  evaluation: Evaluation,
): MaybePromise<unknown[]> {
  const where = ascending ? 'takeOrdered' : 'top'
  nonNegativeInteger(where, 'n', n)
  return ordered(node, originOf(node, where), n, aFunction(where, 'by', by), ascending, evaluation)
}

/** Returns the greatest or the least record. */
export function extreme(
  node: LineageNode,
  where: 'max' | 'min',
  by: AnyFunction,
  evaluation: Evaluation,
): MaybePromise<unknown> {
  const one = ordered(node, originOf(node, where), 1, aFunction(where, 'by', by), where === 'min', evaluation)
  return chain(one, (records) => {
    if (records.length === 0) throw emptyCollection(where)
    return records[0]
  })
}

export function first(node: LineageNode, evaluation: Evaluation): MaybePromise<unknown> {
  return chain(take(node, 1, evaluation), (records) => {
    if (records.length === 0) throw emptyCollection('first')
    return records[0]
  })
}

export function isEmpty(node: LineageNode, evaluation: Evaluation): MaybePromise<boolean> {
  return chain(take(node, 1, evaluation), (records) => records.length === 0)
}

export function reduce(
  node: LineageNode,
  operator: string,
  f: AnyFunction,
  evaluation: Evaluation,
): MaybePromise<unknown> {
  const origin = originOf(node, operator)
  const sink = reduceSink(origin, aFunction(operator, 'the function', f))
  return chain(feedAll(node, sink, evaluation), () => {
    if (!sink.has) throw emptyCollection(operator)
    return sink.acc
  })
}

export function foreach(node: LineageNode, f: AnyFunction, evaluation: Evaluation): MaybePromise<void> {
  const origin = originOf(node, 'foreach')
  return feedAll(node, { kind: 'foreach', f: aFunction('foreach', 'the function', f), origin }, evaluation)
}

/** Folds every partition from a `zero` of its own, then the results of partitions from one more, as Spark does. */
export function aggregate(
  node: LineageNode,
  operator: string,
  functions: { readonly zero: () => unknown; readonly seq: AnyFunction; readonly comb: AnyFunction },
  evaluation: Evaluation,
): MaybePromise<unknown> {
  const { zero, seq, comb } = functions
  if (typeof zero !== 'function') throw zeroIsNoFunction(operator, zero)
  aFunction(operator, 'the function', seq)
  aFunction(operator, 'the function that combines', comb)
  const origin = originOf(node, operator)
  const freshZero = () => settled(operator, zero())
  let result = freshZero()
  const done = forEachInOrder(node.numPartitions, (i) => {
    const sink = foldSink(origin, seq, freshZero())
    return chain(feed(node, i, sink, evaluation), () => {
      result = settled(operator, comb(result, sink.acc))
    })
  })
  return chain(done, () => result)
}

/** Calls `f` for one partition after the other, and awaits the promises that it returns. */
export function foreachPartition(node: LineageNode, f: AnyFunction, evaluation: Evaluation): MaybePromise<void> {
  aFunction('foreachPartition', 'the function', f)
  const origin = originOf(node, 'foreachPartition')
  return forEachInOrder(node.numPartitions, (i) =>
    chain(recordsOfPartition(node, i, evaluation), async (records) => {
      try {
        await f(readOnly(records))
      } catch (error) {
        failOnRecord(origin, records, error, undefined)
      }
    }),
  )
}

/** Calls `f` for some records at a time. The first failure aborts the signals of the others. */
export function foreachAsync(
  node: LineageNode,
  f: (record: never, signal: AbortSignal) => Promise<void>,
  concurrency: number,
  evaluation: Evaluation,
): MaybePromise<void> {
  aFunction('foreachAsync', 'the function', f)
  positiveInteger('foreachAsync', 'concurrency', concurrency)
  const origin = originOf(node, 'foreachAsync')
  const { onRecordError } = evaluation.runtime
  return forEachInOrder(node.numPartitions, (i) =>
    chain(recordsOfPartition(node, i, evaluation), (records) =>
      eachAsync(records, concurrency, async (record, index, signal) => {
        try {
          await f(record as never, signal)
        } catch (error) {
          // A call that fails because it was aborted is not the cause.
          if (!signal.aborted) failOnRecord(origin, record, error, onRecordError, { place: `[${i}] ${index}` })
        }
      }),
    ),
  )
}

function originOf(node: LineageNode, operator: string): RecordOrigin {
  return { operator, time: node.time }
}
