import type { SavedForm, Sequence } from '../../base/ports.js'
import { groupsFrom } from '../../base/text/groups.js'
import { feed, recordsOfPartition } from '../execution/evaluate.js'
import { savedRecords } from '../execution/saved-records.js'
import { copyRecord } from '../../base/values/copy.js'
import { collectedChunks, collectSink, combineSink, tableOf } from '../execution/loop-sink.js'
import { columnsOf, type PairColumns } from '../execution/pair-columns.js'
import type { ChunkedRecords } from '../plan/chunked-records.js'
import { Evaluation } from '../plan/evaluation.js'
import { readOnly } from '../plan/shapes.js'
import { LineageNode, type AnyFunction, type PartitionSource } from '../plan/lineage.js'
import type { PartitionContext } from '../plan/partition-context.js'
import type { RDDRuntime } from '../plan/runtime.js'
import type {
  CallPlan,
  FunctionAddress,
  KeepPlan,
  MergePlan,
  PlannedStep,
  SavePlan,
  StagePlan,
  TaskCounts,
} from '../plan/stage-runner.js'
import { joinedBlocks, mergedBlocks, type Block, type MergedBlocks } from './blocks.js'
import { uncombined } from './uncombined.js'

/** The table of a partition in two columns. */
export interface TaskResult extends TaskCounts {
  readonly table: PairColumns<unknown, unknown>
}

/** The end of a call: with what the function returned, or the error that it threw. */
export interface CallResult extends TaskCounts {
  readonly returned?: unknown
  readonly failure: { readonly error: unknown } | undefined
}

/** The records of a partition, and what their readers have made of them. */
export interface KeptResult extends TaskCounts, WithAdditions {
  readonly records: ChunkedRecords
  readonly readers: readonly ReaderResult[]
  /** Whether the records go back. */
  readonly keeps: boolean
}

/** What a reader of kept records has made of them, or the error with which it has failed. */
export type ReaderResult = (TaskResult & WithAdditions) | KeptResult | { readonly error: unknown }

interface WithAdditions {
  /** What the functions have added to accumulators, encoded. */
  readonly added: Uint8Array | undefined
}

/** Watches what the functions of a part of a task do beside their results. A reader is a part of its own. */
export interface PartOfTask {
  begin(): void
  /** Returns the encoded additions to accumulators. @throws where the functions must not be called here */
  end(): Uint8Array | undefined
  /** Ends a part that has failed. Returns the error, or the reason for which its functions must not be called here. */
  failed(error: unknown): unknown
}

/** The surroundings of a task. */
export interface TaskHome {
  /** Returns the function of an address. */
  readonly functionAt: (address: FunctionAddress) => AnyFunction
  readonly runtime: RDDRuntime
}

/**
 * Combines a partition by key, or makes its pairs.
 *
 * @param part the records of the partition
 * @throws for the first record on which a function throws
 */
export async function runTask(
  plan: StagePlan,
  part: PartitionSource<unknown>,
  { functionAt, runtime }: TaskHome,
): Promise<TaskResult> {
  return combined(plan, nodeOf(part), { functionAt, runtime })
}

/**
 * Makes the records of a partition, and does what their readers do with them: map sides combine them, and further steps make other
 * records. A reader that fails does not fail the others.
 *
 * @param part the records below the steps
 * @throws for the first record on which a step throws, and where the steps must not be called here
 */
export async function runKept(
  plan: KeepPlan,
  part: PartitionSource<unknown>,
  home: TaskHome,
  watch: PartOfTask,
): Promise<KeptResult> {
  return made(plan, nodeOf(part), home, watch)
}

async function made(plan: KeepPlan, base: LineageNode, home: TaskHome, watch: PartOfTask): Promise<KeptResult> {
  watch.begin()
  const { node, counts } = chainOf(plan.steps, base, home.functionAt)
  const sink = collectSink()
  await feed(node, 0, sink, new Evaluation(home.runtime))
  const added = watch.end()
  const records = collectedChunks(sink)
  const readers: ReaderResult[] = []
  for (const reader of plan.readers) {
    const kept = nodeOf({ chunked: records })
    const read = reader.copies ? copiesOf(kept) : kept
    try {
      readers.push(await ('readers' in reader ? made(reader, read, home, watch) : ridden(reader, read, home, watch)))
    } catch (error) {
      readers.push({ error: watch.failed(error) })
    }
  }
  return { records, readers, keeps: plan.keeps, ...counts(), added }
}

async function ridden(
  plan: StagePlan,
  base: LineageNode,
  home: TaskHome,
  watch: PartOfTask,
): Promise<TaskResult & WithAdditions> {
  watch.begin()
  const result = await combined(plan, base, home)
  return { ...result, added: watch.end() }
}

async function combined(plan: StagePlan, base: LineageNode, { functionAt, runtime }: TaskHome): Promise<TaskResult> {
  const { node, counts } = chainOf(plan.steps, base, functionAt)
  const origin = { operator: 'stage', time: undefined }
  const evaluation = new Evaluation(runtime)
  if (plan.merge === null) {
    const { sink, pairs } = uncombined(origin)
    await feed(node, 0, sink, evaluation)
    return { table: pairs(), ...counts() }
  }
  const create = plan.create === undefined ? undefined : functionAt(plan.create)
  const own = plan.ownsValues ? copyRecord : undefined
  const sink = combineSink(origin, create, functionAt(plan.merge), { copyKey: (key) => key, own })
  await feed(node, 0, sink, evaluation)
  return { table: columnsOf(tableOf(sink)), ...counts() }
}

function nodeOf(part: PartitionSource<unknown>): LineageNode {
  return new LineageNode({ kind: 'source', plan: { type: 'source', parts: [part] }, numPartitions: 1 })
}

function copiesOf(kept: LineageNode): LineageNode {
  return new LineageNode({
    kind: 'copies',
    plan: { type: 'copies', copy: copyRecord },
    parents: [kept],
    numPartitions: 1,
  })
}

/** The context of a call, and a last check before it, which throws where the function must not be called. */
export interface Call {
  readonly context: PartitionContext
  readonly mayCall: () => void
}

/**
 * Calls the function of an output with a partition.
 *
 * @param part the records of the partition
 * @throws for the first record on which a step throws, and what `mayCall` throws: the function was not called
 */
export async function runCall(
  plan: CallPlan,
  part: PartitionSource<unknown>,
  { functionAt, runtime }: TaskHome,
  { context, mayCall }: Call,
): Promise<CallResult> {
  const { node, counts } = chainOf(plan.steps, nodeOf(part), functionAt)
  const f = functionAt(plan.call)
  const records = await recordsOfPartition(node, 0, new Evaluation(runtime))
  mayCall()
  try {
    const returned = await f(readOnly(records), context)
    return { ...counts(), returned, failure: undefined }
  } catch (error) {
    return { ...counts(), failure: { error } }
  }
}

/**
 * Writes a partition as a part of a saved directory. Returns the name of its file.
 *
 * @param part the records of the partition
 * @param write writes the records as they are saved
 * @throws for the first record on which a step throws, or which cannot be saved
 */
export async function runSave(
  plan: SavePlan,
  part: PartitionSource<unknown>,
  { functionAt, runtime }: TaskHome,
  write: (form: SavedForm, records: Sequence<unknown>) => Promise<string>,
): Promise<TaskCounts & { readonly file: string }> {
  const { node, counts } = chainOf(plan.steps, nodeOf(part), functionAt)
  const records = await recordsOfPartition(node, 0, new Evaluation(runtime))
  const file = await write(plan.save, savedRecords(plan.save, records, groupsFrom(plan.groups)))
  return { ...counts(), file }
}

/**
 * Merges the blocks of one bucket.
 *
 * @throws for the first pair on which the function throws
 */
export function runMerge(
  { combiners, keepsOrder }: MergePlan,
  blocks: Iterable<Block>,
  { functionAt, runtime }: TaskHome,
): Promise<MergedBlocks> {
  if (combiners === null) return Promise.resolve({ table: joinedBlocks(blocks), firsts: [] })
  return mergedBlocks(blocks, { merge: functionAt(combiners), keepsOrder, runtime })
}

/** Returns the lineage of one partition that goes through steps, above a node of that partition. */
function chainOf(
  planned: readonly PlannedStep[],
  base: LineageNode,
  functionAt: TaskHome['functionAt'],
): { readonly node: LineageNode; readonly counts: () => TaskCounts } {
  let node = base
  const steps = planned.map(({ op, f }) => {
    node = new LineageNode({
      kind: op,
      plan: { type: 'narrow', op, f: functionAt(f) },
      parents: [node],
      numPartitions: 1,
    })
    return node
  })
  return { node, counts: () => ({ taken: steps.map((s) => s.taken), given: steps.map((s) => s.given) }) }
}
