import type { ReportWork } from '../../base/ports.js'
import type { Recovered } from '../../durable/checkpoint/checkpoint.js'
import type { Journal } from '../../durable/journal/journal.js'
import type { InputSources } from '../../input/sources/input-sources.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { StateEntry } from '../../streams/state/entry.js'
import { RESTORED_AT_ONCE } from '../../streams/state/touch-index.js'
import type { BatchStore } from '../batch/batch-store.js'
import type { OutputOperations } from '../batch/output-operations.js'
import type { RememberedRDDs } from '../batch/remembered-rdds.js'
import type { StatefulOperators } from '../batch/stateful-operators.js'
import type { StartTimes } from './start-time.js'

const RESTORING = 'Restoring the state'

/** The parts of an engine that a checkpoint restores. */
export interface Restorable {
  readonly graph: Graph
  readonly inputs: InputSources
  readonly sc: RDDContext
  readonly evaluation: GraphEvaluation
  readonly journal: Journal
  readonly store: BatchStore
  readonly stateful: StatefulOperators
  readonly remembered: RememberedRDDs
  readonly outputs: OutputOperations
  readonly onWork: ReportWork
}

/**
 * Restores the commits of an earlier run: tables, backlogs of operators, remembered RDDs, positions of sources. The event loop
 * turns meanwhile, since a table may have millions of keys.
 */
export async function resume(recovered: Recovered, engine: Restorable): Promise<void> {
  if (recovered.lastCommitted !== undefined) await restoreStates(recovered, recovered.lastCommitted, engine)
  for (const { operator: id, time, ...contents } of recovered.remembered) {
    const node = engine.graph.nodes.find((candidate) => candidate.id === id)
    if (node === undefined) continue
    engine.remembered.adopt(node.operator, time, contents)
    const rdd = engine.remembered.rdd({ operator: node.operator, time }, engine.sc)
    engine.evaluation.restore(node.operator, time, rdd!)
  }
  engine.outputs.restore(recovered.pendingOutputs)
  engine.store.resume(recovered.lastCommitted, engine.outputs.allPending())
  restoreSources(recovered, engine)
}

async function restoreStates(recovered: Recovered, committed: number, engine: Restorable): Promise<void> {
  const { graph, stateful, evaluation } = engine
  const slice = engine.sc.runtime.yielder.begin()
  let keys = 0
  for (const operator of stateful.all) {
    const { id } = graph.node(operator)
    const laggingAt = recovered.lagging.get(id)
    for (const [name, table] of Object.entries(operator.state!.tables)) {
      const entries = recovered.table(id, name)
      if (entries === undefined) continue
      const steps = table.restore(entries as Iterable<StateEntry<unknown>>, laggingAt ?? committed)
      while (steps.next().done !== true) {
        engine.onWork(RESTORING, (keys += RESTORED_AT_ONCE), undefined, 'keys')
        await slice.pause()
      }
    }
    if (laggingAt !== undefined) stateful.restoreBacklog(operator, evaluation.times(operator, laggingAt, committed))
  }
  engine.onWork(RESTORING, keys, keys, 'keys')
}

function restoreSources(recovered: Recovered, { graph, inputs, journal }: Restorable): void {
  for (const source of inputs.all) {
    const { id } = graph.node(source.operator)
    const position = recovered.positions.get(id) ?? journal.position(source.streamId)
    if (position !== undefined) source.restore?.(position)
    else if (recovered.lastCommitted === undefined) source.startedAt?.(recovered.zeroTime)
    for (const allocation of journal.allocations()) {
      const range = allocation.ranges.get(id)
      if (range !== undefined) source.adopt?.(allocation.time, range.until)
    }
  }
}

/** Describes a resume in one line of the log. */
export function resumeLine(
  recovered: Recovered,
  { firstNew, missed }: StartTimes,
  program: { readonly batchMs: number; readonly missedBatches: 'run' | 'skip' },
): string {
  const { lastCommitted, pending, waiting, batchMs } = recovered
  const parts = [
    lastCommitted === undefined
      ? 'Resuming before the first committed batch'
      : `Resuming after the batch of ${lastCommitted} ms`,
    pending.length > 0 ? `${pending.length} begun batches are run again` : '',
    missed > 0 ? `${missed} missed batches are ${program.missedBatches === 'run' ? 'run' : 'skipped'}` : '',
    waiting.length > 0 ? `${waiting.length} received blocks wait for a batch` : '',
    batchMs === program.batchMs
      ? ''
      : `the batch interval was ${batchMs} ms and is ${program.batchMs} ms from the batch of ${firstNew} ms on`,
  ]
  return `${parts.filter((part) => part !== '').join('; ')}.`
}
