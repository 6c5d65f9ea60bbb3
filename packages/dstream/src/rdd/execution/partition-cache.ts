import type { MaybePromise } from '../../base/maybe-promise.js'
import type { ChunkedRecords } from '../plan/chunked-records.js'
import { historyOf } from '../plan/counters.js'
import type { LineageNode, PartitionData } from '../plan/lineage.js'

/** Returns the records of a partition that is in memory, whether it is cached or not; `undefined` for any other. */
export function sourceData({ plan }: LineageNode, i: number): PartitionData | undefined {
  if (plan.type !== 'source') return undefined
  const part = plan.parts[i]!
  if ('chunked' in part) return part.chunked.toArray()
  return 'records' in part ? part.records : 'table' in part ? part.table : undefined
}

export function isTable({ plan }: LineageNode, i: number): boolean {
  return plan.type === 'source' && 'table' in plan.parts[i]!
}

/**
 * Caches a partition of a cached node. The cache holds a promise of it while it is evaluated, so that an action that begins
 * meanwhile shares this evaluation, even one that a user's function begins in the middle of it. Failures are not cached.
 */
export function cachePartition(
  node: LineageNode,
  i: number,
  evaluate: () => MaybePromise<ChunkedRecords>,
): MaybePromise<ChunkedRecords> {
  const cached = node.cached!
  let settle!: { resolve(records: ChunkedRecords): void; reject(error: unknown): void }
  const pending = new Promise<ChunkedRecords>((resolve, reject) => (settle = { resolve, reject }))
  pending.catch(() => undefined)
  cached[i] = pending
  const done = (records: ChunkedRecords): ChunkedRecords => {
    if (cached[i] === pending) cached[i] = records
    if (node.alwaysCached && node.cached === cached) truncateIfComplete(node, cached)
    settle.resolve(records)
    return records
  }
  const failed = (error: unknown): never => {
    if (cached[i] === pending) cached[i] = undefined
    settle.reject(error)
    throw error
  }
  let records: MaybePromise<ChunkedRecords>
  try {
    records = evaluate()
  } catch (error) {
    return failed(error)
  }
  return records instanceof Promise ? records.then(done, failed) : done(records)
}

function truncateIfComplete(node: LineageNode, cached: readonly (MaybePromise<ChunkedRecords> | undefined)[]): void {
  const parts: (PartitionData | ChunkedRecords)[] = []
  for (let i = 0; i < node.numPartitions; i++) {
    const records = cached[i] ?? sourceData(node, i)
    if (records === undefined || records instanceof Promise) return
    parts.push(records)
  }
  node.truncateLineage(parts, historyOf(node))
}

/** Caches the partitions of a node that computes them at once, the promise of them while they are computed. */
export function cacheComputed(
  node: LineageNode,
  compute: () => MaybePromise<readonly PartitionData[]>,
): MaybePromise<readonly PartitionData[]> {
  const done = (parts: readonly PartitionData[]): readonly PartitionData[] => {
    if (node.plan.type === 'wide') node.truncateLineage(parts, historyOf(node))
    return parts
  }
  const parts = compute()
  if (!(parts instanceof Promise)) return done(parts)
  const pending = parts.then(done, (error: unknown) => {
    if (node.computed === pending) node.computed = undefined
    throw error
  })
  node.computed = pending
  return pending
}
