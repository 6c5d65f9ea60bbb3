import type { RecordOrigin } from '../../base/record-error.js'
import { groupsOfPart, groupsOfParts, sameGroups, type Groups } from '../../base/text/groups.js'
import type { Partitioner } from '../../base/keys/partitioner.js'
import type { Evaluation } from './evaluation.js'
import type { MaybePromise } from '../../base/maybe-promise.js'
import { ChunkedRecords } from './chunked-records.js'
import { isTraced, noteBuilt, noteFunctions } from './body-trace.js'
import type { AnyFunction, EncodedRecords, PairTable, ReadableSplit, StepOp } from './records.js'
import type { LeftTables } from './stage-runner.js'

export type { AnyFunction, PairTable, StepOp } from './records.js'

/**
 * The records of one partition in memory: an array, or a table of pairs. A table becomes an array only when an array is
 * asked for: ten thousand pairs in memory are ten thousand objects for the garbage collector.
 */
export type PartitionData<T = unknown> = readonly T[] | PairTable

/** The records of one partition as a source provides them. */
export type PartitionSource<T> =
  | { readonly records: readonly T[] }
  | { readonly table: PairTable }
  | { readonly chunked: ChunkedRecords<T> }
  | {
      readonly count?: number | undefined
      iterate(bad: (record: unknown, error: unknown) => void): Iterable<T>
      /** The bytes that `iterate` decodes, where they can be decoded elsewhere. */
      readonly encoded?: EncodedRecords | undefined
    }
  | {
      load(): AsyncIterable<T> | Promise<readonly T[]>
      /** The split that `load` reads, where it can be read elsewhere. */
      readonly split?: ReadableSplit | undefined
    }

/** The input of a loop. */
export type LoopInput = readonly unknown[] | Iterable<unknown>

/** Copies a record, as far as it can be changed. */
export type Copy = (record: unknown) => unknown

/** The way in which the partitions of a node are made. */
export type NodePlan =
  | { readonly type: 'source'; readonly parts: readonly PartitionSource<unknown>[] }
  /** Applies one step per record to the same partition of the only parent. Chains of these are fused. */
  | { readonly type: 'narrow'; readonly op: StepOp; readonly f: AnyFunction }
  /** Partition i is a concatenation of whole partitions of parents. */
  | { readonly type: 'concat'; partsOf(i: number): readonly { readonly node: LineageNode; readonly index: number }[] }
  /** Partition i is that of the only parent, which keeps it: each reader gets copies of the records that can be changed. */
  | { readonly type: 'copies'; readonly copy: Copy }
  /** A function makes partition i from some partitions of the parents. */
  | {
      readonly type: 'perPartition'
      open(i: number, evaluation: Evaluation): MaybePromise<LoopInput | AsyncIterable<unknown>>
    }
  /** Makes all partitions at once, from all of the parents'. The result is always cached. */
  | {
      readonly type: 'wide'
      run(evaluation: Evaluation): MaybePromise<readonly PartitionData[]>
      /** Makes all partitions, unless their tables stay where they were made. The result is not cached. */
      leave?(evaluation: Evaluation): MaybePromise<readonly PartitionData[] | LeftPartitions>
      /** Returns the first n records without making the others. */
      first?(n: number, evaluation: Evaluation): MaybePromise<readonly unknown[]>
    }

/** The partitions of a node whose tables have stayed where they were made. */
export interface LeftPartitions {
  readonly tables: LeftTables
  /** Makes the partitions here. */
  here(): MaybePromise<readonly PartitionData[]>
}

/** The evaluation of all partitions of a cached node at once, as a stage. */
export interface NodeStage {
  /**
   * Begins it, or waits for the one that has begun. Returns `undefined` where the partitions are evaluated as they are read.
   *
   * @param needsAll false for a reader to which the first records may be enough: it begins no stage
   * @throws the error of the first partition that has failed
   */
  evaluate(evaluation: Evaluation, needsAll: boolean): Promise<void> | undefined
}

export interface NodeOptions {
  readonly kind: string
  readonly plan: NodePlan
  readonly parents?: readonly LineageNode[]
  readonly numPartitions: number
  readonly partitioner?: Partitioner | undefined
  readonly cached?: boolean
  /** The place of the engine's own groups in the records; by default that of the parents, where the step keeps records. */
  readonly groups?: Groups | undefined
}

/** The records that a step took in and gave out, over all completed evaluations. */
export interface StepCounter {
  readonly operator: string
  readonly kind: string
  readonly taken: number
  readonly given: number
}

/** The steps whose records are those of their parents, by the names that users know. */
const KEEPS_RECORDS = new Set([
  'coalesce',
  'filterByRange',
  'partitionBy',
  'randomSplit',
  'repartition',
  'repartitionAndSortWithinPartitions',
  'sample',
  'sampleByKey',
  'sortBy',
  'sortByKey',
  'subtractByKey',
])

const NUMBERS_RECORDS = new Set(['zipWithIndex', 'zipWithUniqueId'])

function groupsKept({ kind, plan, parents = [] }: NodeOptions): Groups | undefined {
  const groups = parents[0]?.groups
  if (groups === undefined) return undefined
  if (plan.type === 'concat') return parents.every((parent) => sameGroups(parent.groups, groups)) ? groups : undefined
  if (kind === 'values') return groupsOfPart(groups, 1)
  if (NUMBERS_RECORDS.has(kind)) return groupsOfParts(groups, undefined)
  const keeps = plan.type === 'narrow' ? plan.op === 'filter' || plan.op === 'tap' : KEEPS_RECORDS.has(kind)
  return keeps ? groups : undefined
}

let lastId = 0

/** One RDD of the lineage: its plan, and its cached partitions. */
export class LineageNode implements RecordOrigin {
  readonly id = ++lastId
  /** The method that made it, as the user wrote it: `map`, `reduceByKey`. */
  readonly kind: string
  plan: NodePlan
  parents: readonly LineageNode[]
  readonly numPartitions: number
  readonly partitioner: Partitioner | undefined
  /** The partitions evaluated so far; `undefined` unless they are cached. */
  cached: (MaybePromise<ChunkedRecords> | undefined)[] | undefined
  /** The partitions of a wide node, once they are computed. */
  computed: MaybePromise<readonly PartitionData[]> | undefined
  /** True when it is evaluated once and as a whole, even for an action that needs less. */
  alwaysCached = false
  /** Evaluates its partitions at once; `undefined` unless several operators read it, and workers may evaluate it. */
  stage: NodeStage | undefined
  /**
   * Set where map sides above it are stages: those right behind kept `records`, all above a `source`, and all above a `shuffle`, a
   * sort, or what else makes all partitions at once. It stays so when the records are here, and the lineage is truncated.
   */
  staged: 'records' | 'source' | 'shuffle' | undefined
  /** Copies a record for one reader; `undefined` unless the records are kept for later batches. */
  copy: Copy | undefined
  /** What was `staged` of the node whose records are kept: it may be evaluated, and gone, before a reader asks for copies. */
  stagedBelow: LineageNode['staged']
  /** The counters of its former lineage, once that is truncated. */
  history: readonly StepCounter[] = []
  /** The records that this step took in and gave out, over all evaluations. */
  taken = 0
  given = 0
  label: string | undefined
  time: number | undefined
  /** The place of the engine's own groups in the records, where there are any. Their text form is another than a tuple's. */
  groups: Groups | undefined

  constructor(options: NodeOptions) {
    this.kind = options.kind
    this.plan = options.plan
    this.parents = options.parents ?? []
    this.numPartitions = options.numPartitions
    this.partitioner = options.partitioner
    this.cached = options.cached === true ? [] : undefined
    this.groups = options.groups ?? groupsKept(options)
    this.staged = options.plan.type === 'wide' ? 'shuffle' : undefined
    if (isTraced()) this.#noteBuilt()
  }

  /** Adds itself to the trace of the function of the user that makes it. */
  #noteBuilt(): void {
    const { kind, plan, numPartitions } = this
    noteBuilt(() => `${kind} ${plan.type === 'narrow' ? plan.op : plan.type} ${numPartitions}`)
    if (plan.type === 'narrow') noteFunctions(plan.f)
  }

  get operator(): string {
    return this.label ?? this.kind
  }

  /** Labels this node and its ancestors, up to those that have a label. */
  setLabel(label: string, time: number): void {
    const pending: LineageNode[] = [this]
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (node.label !== undefined) continue
      node.label = label
      node.time = time
      for (const parent of node.parents) pending.push(parent)
    }
  }

  /** Caches the partitions for good. A union caches its parents instead of a copy of their records. */
  cacheAlways(): void {
    for (const node of this.united()) {
      node.alwaysCached = true
      node.#cacheOwn()
    }
  }

  /** Caches the partitions until `uncache`: the lineage stays. */
  cache(): void {
    for (const node of this.united()) node.#cacheOwn()
  }

  #cacheOwn(): void {
    const { type } = this.plan
    // The records that copies are made of are cached already.
    if (type !== 'concat' && type !== 'wide' && type !== 'copies') this.cached ??= []
  }

  /** Returns this node and all that it unites, over unions of unions. */
  united(): ReadonlySet<LineageNode> {
    const all = new Set<LineageNode>([this])
    for (const node of all) if (node.plan.type === 'concat') for (const parent of node.parents) all.add(parent)
    return all
  }

  uncache(): void {
    this.cached = undefined
  }

  /**
   * Replaces the lineage by the evaluated records. The lineage may hold all records that a batch received, and all earlier
   * batches where an RDD is made from its predecessor.
   */
  truncateLineage(parts: readonly (PartitionData | ChunkedRecords)[], history: readonly StepCounter[]): void {
    this.plan = { type: 'source', parts: parts.map(partitionSourceOf) }
    this.parents = []
    this.cached = undefined
    this.computed = undefined
    this.stage = undefined
    this.history = history
  }
}

export function partitionSourceOf(data: PartitionData | ChunkedRecords): PartitionSource<unknown> {
  if (data instanceof ChunkedRecords) return { chunked: data }
  return Array.isArray(data) ? { records: data } : { table: data as PairTable }
}

/** Returns the step of a narrow node, which is all that chains consist of. */
export function stepOf(node: LineageNode): Extract<NodePlan, { readonly type: 'narrow' }> {
  if (node.plan.type === 'narrow') return node.plan
  throw new TypeError(`${node.kind} is no step`)
}
