import { checkKeptStorable, checkStateStorable } from '../durable/codec/storable.js'
import { Random } from '../base/random.js'
import { pauseMs } from '../base/backoff.js'
import type { BatchTimes } from '../base/time/batch-times.js'
import type { EarlierRun } from '../streams/graph/evaluation-options.js'
import { GraphEvaluation } from '../streams/graph/graph-evaluation.js'
import { rememberTimes } from '../streams/graph/remember.js'
import { BatchCycle } from './batch/batch-cycle.js'
import { BatchStore } from './batch/batch-store.js'
import { OutputInputs } from './batch/output-inputs.js'
import { OutputOperations } from './batch/output-operations.js'
import { RememberedRDDs } from './batch/remembered-rdds.js'
import { StatefulOperators } from './batch/stateful-operators.js'
import type { Checkpoint } from '../durable/checkpoint/checkpoint.js'
import type { Journal } from '../durable/journal/journal.js'
import type { Graph } from '../streams/graph/graph.js'
import type { Operator } from '../streams/graph/operator.js'
import type { OutputNode } from '../streams/graph/output.js'
import type { EngineOptions } from './engine-options.js'

export interface BatchPartsOptions {
  readonly times: BatchTimes
  readonly earlier: EarlierRun | undefined
  readonly journal: Journal
  readonly checkpoint: Checkpoint | undefined
  /** The result of `singleUses`. */
  readonly singleUses: ReadonlySet<Operator | OutputNode>
}

/** Returns the parts that run the batches of a program, wired to each other. */
export function batchParts(
  options: EngineOptions,
  { times, earlier, journal, checkpoint, singleUses }: BatchPartsOptions,
) {
  const { graph, clock, storage } = options
  const retention = rememberTimes(graph, options.rememberMs)
  const storable = storage === undefined ? undefined : checkKeptStorable
  const leastMs = options.rememberMs
  const { delivery, virtualTime, sc } = options
  const { profile } = sc.runtime
  const evaluation = new GraphEvaluation(graph, { times, earlier, leastMs, retention, storable, singleUses, profile })
  const random = new Random(clock.now())
  const stateful = new StatefulOperators({
    graph,
    evaluation,
    clock,
    attempts: delivery.attempts,
    pauseMs: (failures) => (virtualTime ? 0 : pauseMs(delivery, failures, random.next())),
  })
  const remembered = new RememberedRDDs(graph, evaluation, storage !== undefined)
  const outputInputs = new OutputInputs({ graph, evaluation, stateful, remembered, sc })
  const operations = new OutputOperations({ ...options, evaluation, inputs: outputInputs })
  nameTables(graph, storage !== undefined)
  const store = new BatchStore({
    ...options,
    evaluation,
    stateful,
    remembered,
    outputInputs,
    outputs: operations,
    retention,
    journal,
    checkpoint,
  })
  const cycle = new BatchCycle({ ...options, evaluation, stateful, outputs: operations, store })
  return { retention, evaluation, stateful, remembered, operations, store, cycle }
}

/** Tells each table the id of its operator, and how to check the values that it will have to store. */
function nameTables(graph: Graph, isStored: boolean): void {
  for (const { id, operator } of graph.nodes) {
    for (const table of Object.values(operator.state?.tables ?? {})) {
      table.operatorId = id
      if (isStored) table.storable = (key, value) => checkStateStorable(id, key, value)
    }
  }
}
