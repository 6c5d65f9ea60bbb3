import type { RecordOrigin } from '../../base/record-error.js'
import { fastKeyOf, type MapKey } from '../../base/keys/key.js'
import type { Partitioner } from '../../base/keys/partitioner.js'
import { COGROUPED, groupsOfPart, groupsOfParts } from '../../base/text/groups.js'
import { pairOf } from '../plan/shapes.js'
import { pass } from '../execution/pass.js'
import { chain, forEachInOrder } from '../../base/maybe-promise.js'
import type { LineageNode } from '../plan/lineage.js'
import { keyed } from './shuffle.js'
import type { LoopSink } from '../execution/loop-sink.js'

export type CoGroups = readonly [left: unknown[], right: unknown[]]

// These tables live no longer than the records that the keys came with, so keys are not copied.

/** Collects the values of every key on both sides, in order of arrival, keys of the left side first. */
export function cogroup(left: LineageNode, right: LineageNode, kind: string, partitioner: Partitioner): LineageNode {
  const node = keyed(kind, [left, right], partitioner, (feeders, origin) => {
    const table = new Map<MapKey, CoGroups>()
    const sinks = [groupSink(table, origin, 0), groupSink(table, origin, 1)]
    const done = forEachInOrder(2, (s) => forEachInOrder(feeders[s]!.length, (i) => feeders[s]![i]!(sinks[s]!)))
    return chain(done, () => table)
  })
  node.groups = COGROUPED
  return node
}

function groupSink(table: Map<MapKey, CoGroups>, origin: RecordOrigin, side: 0 | 1): LoopSink {
  const f = (record: unknown): void => {
    const [key, value] = pairOf(origin, record)
    const known = fastKeyOf(key)
    const groups = table.get(known)
    if (groups !== undefined) groups[side].push(value)
    else table.set(known, side === 0 ? [[value], []] : [[], [value]])
  }
  return { kind: 'foreach', f, origin }
}

/**
 * Joins the values of each key, in the order of the right side. `keep` says on which side unmatched pairs are kept, with
 * `undefined` for the other side; those of the left side come last.
 */
export function join(
  left: LineageNode,
  right: LineageNode,
  kind: string,
  partitioner: Partitioner,
  keep: { readonly left: boolean; readonly right: boolean },
): LineageNode {
  const node = keyed(kind, [left, right], partitioner, ([lefts, rights], origin, evaluation) => {
    const table = new Map<MapKey, unknown[]>()
    const matched = keep.left ? new Set<unknown[]>() : undefined
    const pairs: unknown[] = []
    const build = buildSink(table, origin)
    const probe = probeSink(table, matched, pairs, keep.right, origin)
    const built = forEachInOrder(lefts!.length, (i) => lefts![i]!(build))
    const probed = chain(built, () => forEachInOrder(rights!.length, (i) => rights![i]!(probe)))
    const done = chain(probed, () => {
      if (matched === undefined) return
      const f = (pair: unknown): void => void pairs.push(pair)
      return pass(unmatched(table, matched), [], { kind: 'foreach', f, origin }, evaluation)
    })
    return chain(done, () => pairs)
  })
  const [ofLeft, ofRight] = [groupsOfPart(left.groups, 1), groupsOfPart(right.groups, 1)]
  node.groups = groupsOfParts(undefined, groupsOfParts(ofLeft, ofRight))
  return node
}

function buildSink(table: Map<MapKey, unknown[]>, origin: RecordOrigin): LoopSink {
  const f = (record: unknown): void => {
    const pair = pairOf(origin, record)
    const key = pair[0]
    const known = fastKeyOf(key)
    const values = table.get(known)
    if (values === undefined) table.set(known, [pair[1]])
    else values.push(pair[1])
  }
  return { kind: 'foreach', f, origin }
}

function probeSink(
  table: ReadonlyMap<MapKey, unknown[]>,
  matched: Set<unknown[]> | undefined,
  pairs: unknown[],
  keepRight: boolean,
  origin: RecordOrigin,
): LoopSink {
  const f = (record: unknown): void => {
    const pair = pairOf(origin, record)
    const key = pair[0]
    const known = fastKeyOf(key)
    const values = table.get(known)
    if (values === undefined) {
      if (keepRight) pairs.push([plainZero(known), [undefined, pair[1]]])
      return
    }
    matched?.add(values)
    for (let i = 0; i < values.length; i++) pairs.push([plainZero(known), [values[i], pair[1]]])
  }
  return { kind: 'foreach', f, origin }
}

/** Returns the pairs of the left side whose key the right side lacks. */
function* unmatched(table: ReadonlyMap<MapKey, unknown[]>, matched: ReadonlySet<unknown[]>): Generator<unknown> {
  for (const [key, values] of table) {
    if (!matched.has(values)) for (const value of values) yield [key, [value, undefined]]
  }
}

/** Returns 0 for −0, as the keys of a Map are. */
function plainZero(key: MapKey): MapKey {
  return key === 0 ? 0 : key
}
