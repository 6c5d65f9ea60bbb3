import { feed } from '../execution/evaluate.js'
import { copyRecord } from '../../base/values/copy.js'
import { combineSink, tableOf } from '../execution/loop-sink.js'
import { columnsOf, type PairColumns } from '../execution/pair-columns.js'
import { Evaluation } from '../plan/evaluation.js'
import { LineageNode, type AnyFunction, type PartitionSource } from '../plan/lineage.js'
import type { RDDRuntime } from '../plan/runtime.js'
import type { FunctionAddress, StagePlan } from '../plan/stage-runner.js'

/** The table of a partition in two columns, with the records that each step took in and gave out. */
export interface TaskResult {
  readonly table: PairColumns<unknown, unknown>
  readonly taken: readonly number[]
  readonly given: readonly number[]
}

/**
 * Runs the task of one partition.
 *
 * @param part the records of the partition
 * @param functionAt returns the function of an address
 * @throws for the first record on which a function throws
 */
export async function runTask(
  plan: StagePlan,
  part: PartitionSource<unknown>,
  functionAt: (address: FunctionAddress) => AnyFunction,
  runtime: RDDRuntime,
): Promise<TaskResult> {
  let node = new LineageNode({ kind: 'source', plan: { type: 'source', parts: [part] }, numPartitions: 1 })
  const steps = plan.steps.map(({ op, f }) => {
    node = new LineageNode({
      kind: op,
      plan: { type: 'narrow', op, f: functionAt(f) },
      parents: [node],
      numPartitions: 1,
    })
    return node
  })
  const create = plan.create === undefined ? undefined : functionAt(plan.create)
  const own = plan.ownsValues ? copyRecord : undefined
  const origin = { operator: 'stage', time: undefined }
  const sink = combineSink(origin, create, functionAt(plan.merge), { copyKey: (key) => key, own })
  await feed(node, 0, sink, new Evaluation(runtime))
  return { table: columnsOf(tableOf(sink)), taken: steps.map((s) => s.taken), given: steps.map((s) => s.given) }
}
