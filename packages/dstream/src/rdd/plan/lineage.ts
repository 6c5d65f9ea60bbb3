import type { RecordOrigin } from '../../base/record-error.js'
import type { Partitioner } from '../../base/keys/partitioner.js'
import type { Evaluation } from './evaluation.js'
import type { MaybePromise } from '../../base/maybe-promise.js'

/** Pairs that are made as they are read: a Map, or {@link PairColumns}. */
export type PairTable = Iterable<readonly [unknown, unknown]> & { readonly size: number }

/**
 * The records of one partition as they are held: an array, or a table of pairs. A table becomes an array where somebody
 * asks for one: ten thousand pairs that are held for long are ten thousand objects for the collector.
 */
export type PartitionData<T = unknown> = readonly T[] | PairTable

/** The records of one partition as a source has them. */
export type PartitionSource<T> =
  | { readonly records: readonly T[] }
  | { readonly table: PairTable }
  | { readonly count?: number | undefined; iterate(bad: (record: unknown, error: unknown) => void): Iterable<T> }
  | { load(): AsyncIterable<T> | Promise<readonly T[]> }

/** What a loop can run over. */
export type LoopInput = readonly unknown[] | Iterable<unknown>

export type StepOp = 'map' | 'filter' | 'tap' | 'flatMap' | 'mapValues' | 'flatMapValues' | 'keys' | 'values'

export type AnyFunction = (...args: any[]) => unknown

/** How the partitions of a node come about. */
export type NodePlan =
  | { readonly type: 'source'; readonly parts: readonly PartitionSource<unknown>[] }
  /** One step per record over the same partition of the only parent: what is fused. */
  | { readonly type: 'narrow'; readonly op: StepOp; readonly f: AnyFunction }
  /** Partition i is made of whole partitions of parents, one after the other. */
  | { readonly type: 'concat'; pieces(i: number): readonly { readonly node: LineageNode; readonly index: number }[] }
  /** Partition i needs only some partitions of parents, and is made by a function. */
  | {
      readonly type: 'perPartition'
      open(i: number, evaluation: Evaluation): MaybePromise<LoopInput | AsyncIterable<unknown>>
    }
  /** All partitions are made at once, from all of the parents'; kept by nature. */
  | {
      readonly type: 'wide'
      run(evaluation: Evaluation): MaybePromise<readonly PartitionData[]>
      /** The first n records without making all of them. */
      first?(n: number, evaluation: Evaluation): MaybePromise<readonly unknown[]>
    }

export interface NodeOptions {
  readonly kind: string
  readonly plan: NodePlan
  readonly parents?: readonly LineageNode[]
  readonly numPartitions: number
  readonly partitioner?: Partitioner | undefined
  readonly cached?: boolean
}

/** How many records a step has taken and given, over all evaluations that came to their end. */
export interface StepCounter {
  readonly operator: string
  readonly kind: string
  readonly taken: number
  readonly given: number
}

let lastId = 0

/** One RDD of the lineage: how it is made, and what has been kept of it. */
export class LineageNode implements RecordOrigin {
  readonly id = ++lastId
  /** What it is, as the user wrote it: `map`, `reduceByKey`. */
  readonly kind: string
  plan: NodePlan
  parents: readonly LineageNode[]
  readonly numPartitions: number
  readonly partitioner: Partitioner | undefined
  /** The partitions evaluated so far, while they are to be kept. */
  cached: (MaybePromise<readonly unknown[]> | undefined)[] | undefined
  /** What a wide node has made. */
  computed: MaybePromise<readonly PartitionData[]> | undefined
  /** Whether it is to be evaluated once and as a whole, whatever is asked of it. */
  alwaysCached = false
  /** What its lineage has counted, once that is gone. */
  history: readonly StepCounter[] = []
  /** Records that this step took and gave, over all evaluations. */
  taken = 0
  given = 0
  label: string | undefined
  time: number | undefined

  constructor(options: NodeOptions) {
    this.kind = options.kind
    this.plan = options.plan
    this.parents = options.parents ?? []
    this.numPartitions = options.numPartitions
    this.partitioner = options.partitioner
    this.cached = options.cached === true ? [] : undefined
  }

  get operator(): string {
    return this.label ?? this.kind
  }

  /** Names this node and all above it, up to those that have a name. */
  setLabel(label: string, time: number): void {
    if (this.label !== undefined) return
    this.label = label
    this.time = time
    for (const parent of this.parents) parent.setLabel(label, time)
  }

  /** Evaluated once from now on. A union keeps nothing of its own: its parts are kept where they are. */
  cacheAlways(): void {
    this.alwaysCached = true
    if (this.plan.type === 'concat') for (const parent of this.parents) parent.cacheAlways()
    else this.cache()
  }

  /** As `share`, but so that it can be let go of again: the lineage stays. */
  cache(): void {
    if (this.plan.type === 'concat') for (const parent of this.parents) parent.cache()
    else if (this.plan.type !== 'wide') this.cached ??= []
  }

  uncache(): void {
    this.cached = undefined
  }

  /**
   * It is evaluated and will not be again: its records take the place of its lineage, which may hold all that a batch
   * has received, and through an RDD that is made from its predecessor all earlier batches.
   */
  truncateLineage(parts: readonly PartitionData[], history: readonly StepCounter[]): void {
    this.plan = { type: 'source', parts: parts.map(partitionSourceOf) }
    this.parents = []
    this.cached = undefined
    this.computed = undefined
    this.history = history
  }
}

export function partitionSourceOf(held: PartitionData): PartitionSource<unknown> {
  return Array.isArray(held) ? { records: held } : { table: held as PairTable }
}

/** The step of a narrow node: chains consist of nothing else. */
export function stepOf(node: LineageNode): Extract<NodePlan, { readonly type: 'narrow' }> {
  if (node.plan.type === 'narrow') return node.plan
  throw new TypeError(`${node.kind} is no step`)
}
