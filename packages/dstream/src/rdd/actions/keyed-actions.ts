import { copyRecord } from '../../base/values/copy.js'
import { keyOf, type Key, type MapKey } from '../../base/keys/key.js'
import { partitionOf as partitionOfKey } from '../../base/keys/partitioner.js'
import { aFunction } from '../../base/options.js'
import { pairOf } from '../plan/shapes.js'
import { feed, feedAll } from '../execution/evaluate.js'
import type { Evaluation } from '../plan/evaluation.js'
import { chain, type MaybePromise } from '../../base/maybe-promise.js'
import type { AnyFunction, Copy, LineageNode } from '../plan/lineage.js'
import { combineSink, pairMapOf } from '../execution/loop-sink.js'
import { narrow } from '../transformations/steps.js'

function add(a: number, b: number): number {
  return a + b
}
function last(_: unknown, value: unknown): unknown {
  return value
}
function one(): number {
  return 1
}
function withOne(record: unknown): readonly [unknown, number] {
  return [record, 1]
}

/** Folds the values of each key into a Map. */
function table(
  node: LineageNode,
  operator: string,
  create: AnyFunction | undefined,
  merge: AnyFunction,
  evaluation: Evaluation,
  own?: Copy,
): MaybePromise<Map<MapKey, unknown>> {
  const sink = combineSink({ operator, time: node.time }, create, merge, { own })
  return chain(feedAll(node, sink, evaluation), () => pairMapOf(sink))
}

/** Counts how often each record occurs. */
export function countByValue(node: LineageNode, evaluation: Evaluation): MaybePromise<Map<MapKey, unknown>> {
  return table(narrow(node, 'countByValue', 'map', withOne), 'countByValue', undefined, add, evaluation)
}

/** Counts the pairs of each key. */
export function countByKey(node: LineageNode, evaluation: Evaluation): MaybePromise<Map<MapKey, unknown>> {
  return table(narrow(node, 'countByKey', 'mapValues', one), 'countByKey', undefined, add, evaluation)
}

/** Folds the values of each key into one. */
export function reduceByKeyLocally(
  node: LineageNode,
  f: AnyFunction,
  evaluation: Evaluation,
): MaybePromise<Map<MapKey, unknown>> {
  aFunction('reduceByKeyLocally', 'the function', f)
  return table(node, 'reduceByKeyLocally', undefined, f, evaluation, copyRecord)
}

/** Returns the last value of each key. */
export function collectAsMap(node: LineageNode, evaluation: Evaluation): MaybePromise<Map<MapKey, unknown>> {
  return table(node, 'collectAsMap', undefined, last, evaluation)
}

/** Returns the values of one key. Reads only its partition where the partitioner is known. */
export function lookup(node: LineageNode, key: Key, evaluation: Evaluation): MaybePromise<unknown[]> {
  const wanted = new Set([keyOf(key)])
  const out: unknown[] = []
  const origin = { operator: 'lookup', time: node.time }
  const f = (record: unknown): void => {
    const [k, value] = pairOf(origin, record)
    if (wanted.has(keyOf(k))) out.push(value)
  }
  const sink = { kind: 'foreach' as const, origin, f }
  const { partitioner } = node
  const done =
    partitioner === undefined
      ? feedAll(node, sink, evaluation)
      : feed(node, partitionOfKey(partitioner, keyOf(key)), sink, evaluation)
  return chain(done, () => out)
}
