import type { Recovered } from '../../durable/checkpoint/checkpoint.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { Journal } from '../../durable/journal/journal.js'
import { partOf } from '../../rdd/plan/lineage.js'
import { rddOf } from '../../rdd/rdd-of.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { InputSources } from '../../input/sources/input-sources.js'
import type { StateEntry } from '../../streams/state/keyed-state.js'
import type { CheckpointedStore } from '../batch/batch-store.js'
import type { StatefulOperators } from '../batch/stateful-operators.js'

export interface Resumed {
  readonly graph: Graph
  readonly inputs: InputSources
  readonly sc: RDDContext
  readonly evaluation: GraphEvaluation
  readonly journal: Journal
  readonly store: CheckpointedStore
  readonly turns: StatefulOperators
}

/** Puts in place what an earlier life has committed: tables, batches that operators owe, remembered RDDs, positions. */
export function resume(recovered: Recovered, to: Resumed): void {
  if (recovered.lastCommitted !== undefined) restoreStates(recovered, recovered.lastCommitted, to)
  to.store.resume(recovered)
  for (const { operator: id, time, partitions } of recovered.remembered) {
    const node = to.graph.nodes.find((candidate) => candidate.id === id)
    if (node === undefined) continue
    to.store.remembered.adopt(node.operator, time, partitions)
    const parts = partitions.map(partOf)
    to.evaluation.restore(node.operator, time, rddOf(to.sc, parts, { shared: true }))
  }
  restoreSources(recovered, to)
}

function restoreStates(recovered: Recovered, committed: number, { graph, turns }: Resumed): void {
  for (const operator of turns.operators) {
    const { id } = graph.node(operator)
    const held = recovered.held.get(id)
    for (const [name, table] of Object.entries(operator.state!.tables)) {
      const entries = recovered.table(id, name)
      if (entries !== undefined) table.restore(entries as Iterable<StateEntry<unknown>>, held ?? committed)
    }
    if (held !== undefined) turns.owe(operator, timesBetween(held, committed, operator))
  }
}

function timesBetween(after: number, until: number, { slideMs }: Operator): number[] {
  const times: number[] = []
  for (let time = after + slideMs; time <= until; time += slideMs) times.push(time)
  return times
}

function restoreSources(recovered: Recovered, { graph, inputs, journal }: Resumed): void {
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

/** What start says of a resume, in one line. */
export function resumeLine(
  recovered: Recovered,
  pending: number,
  missed: number,
  missedBatches: 'run' | 'skip',
): string {
  const parts = [
    recovered.lastCommitted === undefined
      ? 'Resuming before the first committed batch'
      : `Resuming after the batch of ${recovered.lastCommitted} ms`,
    pending > 0 ? `${pending} begun batches are run again` : '',
    missed > 0 ? `${missed} missed batches are ${missedBatches === 'run' ? 'run' : 'skipped'}` : '',
    recovered.waiting.length > 0 ? `${recovered.waiting.length} received blocks wait for a batch` : '',
  ]
  return `${parts.filter((part) => part !== '').join('; ')}.`
}
