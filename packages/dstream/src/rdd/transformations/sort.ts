import type { Partitioner } from '../../base/keys/partitioner.js'
import { pairOf } from '../plan/shapes.js'
import { partitionBy } from './shuffle.js'
import { RecordError, type RecordOrigin } from '../../base/record-error.js'
import { settled } from '../../base/promises.js'
import { compareNatural } from '../../base/keys/natural-order.js'
import { aFunction } from '../../base/options.js'
import { feedAll, recordsOfPartition } from '../execution/evaluate.js'
import { pass } from '../execution/pass.js'
import type { Evaluation } from '../plan/evaluation.js'
import { BoundedHeap, type CompareRanks } from './bounded-heap.js'
import { chain, type MaybePromise } from '../../base/maybe-promise.js'
import type { Permutation } from './merge-sort.js'
import { sortedOrder } from './sorted-order.js'
import { LineageNode, type AnyFunction } from '../plan/lineage.js'

/** Returns the natural order of ranks, or its reverse. An error for two ranks without an order names the second. */
export function comparison(origin: RecordOrigin, ascending: boolean): CompareRanks {
  const natural: CompareRanks = (a, b) => {
    if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
    try {
      return compareNatural(a, b)
    } catch (error) {
      throw new RecordError(origin, b, error)
    }
  }
  return ascending ? natural : (a, b) => natural(b, a)
}

/**
 * Returns a function that ranks records. It compares each rank with the first one, so that the error for a rank without
 * an order names the right record. @throws `no-order`, `mixed-order`, `promise-returned`
 */
function ranking(origin: RecordOrigin, by: AnyFunction): (record: unknown) => unknown {
  let first: readonly [unknown] | undefined
  return (record) => {
    const rank = settled(origin.operator, by(record))
    compareNatural((first ??= [rank])[0], rank)
    return rank
  }
}

/**
 * Sorts by the natural order of `by`, stably, across partitions: the partitions in order are the sorted whole. `take(n)`
 * finds the first n records without sorting the rest, unless the node is always cached: it is then evaluated once, as a
 * whole.
 */
export function sortBy(
  parent: LineageNode,
  kind: string,
  by: AnyFunction,
  options: { readonly ascending: boolean; readonly numPartitions: number },
): LineageNode {
  aFunction(kind, 'by', by)
  const { ascending, numPartitions } = options
  const node: LineageNode = new LineageNode({
    kind,
    parents: [parent],
    numPartitions,
    plan: {
      type: 'wide',
      run(evaluation) {
        const all: Ranked = { ranks: [], records: [] }
        const rankOf = ranking(node, by)
        const f = (record: unknown): void => {
          all.ranks.push(rankOf(record))
          all.records.push(record)
        }
        const compare = comparison(node, ascending)
        return chain(feedAll(parent, { kind: 'foreach', f, origin: node }, evaluation), () =>
          chain(sortedOrder(all.ranks, compare, ascending, evaluation), (order) =>
            ranges(all, order, numPartitions, compare, evaluation),
          ),
        )
      },
      first: (n, evaluation) => ordered(parent, node, n, by, ascending, evaluation),
    },
  })
  return node
}

/** Records and their ranks, in two columns. */
interface Ranked {
  readonly ranks: unknown[]
  readonly records: unknown[]
}

/** Returns the n first records by rank, in order. Of equal ranks those that came first are taken. */
export function ordered(
  parent: LineageNode,
  origin: RecordOrigin,
  n: number,
  by: AnyFunction,
  ascending: boolean,
  evaluation: Evaluation,
): MaybePromise<unknown[]> {
  if (n === 0) return []
  const heap = new BoundedHeap(n, comparison(origin, ascending))
  const rankOf = ranking(origin, by)
  const f = (record: unknown): void => heap.offer(rankOf(record), record)
  return chain(feedAll(parent, { kind: 'foreach', f, origin }, evaluation), () => heap.inOrder())
}

/** Cuts the sorted records into about equal parts. Records of one rank stay together, as with a range partitioner. */
function ranges(
  { ranks, records }: Ranked,
  order: Permutation,
  n: number,
  compare: CompareRanks,
  evaluation: Evaluation,
): MaybePromise<readonly (readonly unknown[])[]> {
  const parts = Array.from({ length: n }, (): unknown[] => [])
  let i = 0
  let p = 0
  let before = -1
  const f = (at: number): void => {
    if (n > 1 && (before < 0 || compare(ranks[before], ranks[at]) !== 0)) {
      p = Math.max(p, Math.floor((i * n) / order.length))
    }
    before = at
    i++
    parts[p]!.push(records[at])
  }
  const sink = { kind: 'foreach' as const, f, origin: { operator: 'sort', time: undefined } }
  return chain(pass(order, [], sink, evaluation), () => parts)
}

/** Moves each pair to the partition of its key, and sorts every partition by key. */
export function repartitionAndSort(parent: LineageNode, partitioner: Partitioner): LineageNode {
  const kind = 'repartitionAndSortWithinPartitions'
  const partitioned = partitionBy(parent, kind, partitioner)
  const node: LineageNode = new LineageNode({
    kind,
    parents: [partitioned],
    numPartitions: partitioned.numPartitions,
    partitioner,
    cached: true,
    plan: {
      type: 'perPartition',
      open: (i, evaluation) =>
        chain(recordsOfPartition(partitioned, i, evaluation), (pairs) => {
          const keys = pairs.map((pair) => pairOf(node, pair)[0])
          const order = sortedOrder(keys, comparison(node, true), true, evaluation)
          return chain(order, (places) => Array.from(places, (place) => pairs[place]))
        }),
    },
  })
  return node
}
