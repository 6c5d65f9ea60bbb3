import type { Checkpoint, FailedOutput, Remembered, SnapshotSource } from '../checkpoint/checkpoint.js'
import type { Evaluation } from '../graph/evaluate.js'
import type { Graph } from '../graph/graph.js'
import type { Operator } from '../graph/operator.js'
import type { Journal } from '../journal/journal.js'
import type { Key } from '../keys/key.js'
import type { StreamInputInfo } from '../observe/events.js'
import type { KeyedState } from '../state/keyed-state.js'
import type { StateView } from '../state/view.js'
import type { InputSet } from '../sources/input-set.js'
import type { BatchOutcome, BatchStore } from './batch-cycle.js'
import type { StatefulTurns } from './stateful-turns.js'

export interface BatchStoreOptions {
  readonly graph: Graph
  readonly evaluation: Evaluation
  readonly turns: StatefulTurns
  readonly keep: ReadonlyMap<Operator, number>
  readonly journal: Journal
  /** Without one nothing survives the process, and nothing is written. */
  readonly checkpoint: Checkpoint | undefined
  readonly inputs: InputSet
  readonly batchMs: number
}

/** Journal, checkpoint and sources, as one batch after the other uses them. */
export class CheckpointedStore implements BatchStore {
  readonly #o: BatchStoreOptions
  /** The version of each table that the checkpoint holds. */
  readonly #durable = new Map<KeyedState<unknown>, number>()
  #failed: readonly FailedOutput[] = []
  #committed: number | undefined

  constructor(options: BatchStoreOptions) {
    this.#o = options
  }

  /** Goes on from what an earlier life has committed, once the tables are restored. */
  resume(recovered: { readonly lastCommitted: number | undefined; readonly failed: readonly FailedOutput[] }): void {
    this.#committed = recovered.lastCommitted
    this.#failed = recovered.failed
    this.#markDurable()
  }

  /** The time of the last batch that is done for good. */
  get committed(): number | undefined {
    return this.#committed
  }

  async allocate(time: number): Promise<void> {
    const { inputs, graph, journal } = this.#o
    await journal.allocate(time, await inputs.plan(time, graph, journal))
    inputs.allocated(time, journal)
  }

  inputs(time: number): readonly StreamInputInfo[] {
    return this.#o.inputs.info(time)
  }

  async commit(outcome: BatchOutcome): Promise<void> {
    const { checkpoint, inputs } = this.#o
    if (checkpoint !== undefined) await this.#write(checkpoint, outcome)
    this.#markDurable()
    this.#committed = outcome.time
    await inputs.committed(outcome.time)
  }

  async forget(time: number, unpassed: number | undefined): Promise<void> {
    const { evaluation, journal, inputs, turns, keep } = this.#o
    const until = this.#readUntil(time, unpassed)
    evaluation.forget(until)
    for (const operator of turns.operators) {
      const oldest = until - keep.get(operator)! + operator.slideMs
      for (const table of Object.values(operator.state!.tables)) table.forget(oldest)
    }
    const forgettable = this.#forgettable(until)
    inputs.forget(forgettable)
    await journal.forget(forgettable)
  }

  /** The table as of the last committed batch; of an operator's first batch nothing is committed yet. */
  committedView<S>(table: KeyedState<S>): StateView<Key, S> {
    return table.view(this.#durable.get(table as KeyedState<unknown>) ?? -Infinity)
  }

  async #write(checkpoint: Checkpoint, { time, failedOutputs }: BatchOutcome): Promise<void> {
    const { inputs, turns, graph } = this.#o
    const failed = failedOutputs.map((output) => ({ output: output.id, time }))
    this.#failed = [...this.#failed, ...failed]
    const owing = failedOutputs.map((output) => output.parent)
    await checkpoint.commit({
      time,
      tables: this.#tables().map(({ operator, name, table }) => ({
        operator: graph.node(operator).id,
        table: name,
        changes: table.changes(this.#durable.get(table) ?? -Infinity),
      })),
      remembered: await this.#remembered(time, owing),
      positions: inputs.positions(graph),
      held: this.#held(),
      failed: this.#failed,
      forget: this.#forgettable(this.#readUntil(time, turns.oldestOwed)),
    })
    checkpoint.snapshotIfDue(() => this.#snapshot(time))
  }

  #markDurable(): void {
    for (const { table } of this.#tables()) if (table.version !== undefined) this.#durable.set(table, table.version)
  }

  #tables(): { operator: Operator; name: string; table: KeyedState<unknown> }[] {
    return this.#o.turns.operators.flatMap((operator) =>
      Object.entries(operator.state!.tables).map(([name, table]) => ({ operator, name, table })),
    )
  }

  /** RDDs that later batches read and that cannot be made again from journalled input, and those of outputs still owed. */
  async #remembered(time: number, owing: readonly Operator[]): Promise<Remembered[]> {
    const { evaluation, graph, keep } = this.#o
    const kept: Remembered[] = []
    for (const { id, operator } of graph.nodes) {
      const windowed = operator.source !== true && keep.get(operator)! > operator.slideMs
      if (!(windowed || owing.includes(operator)) || !evaluation.isValid(operator.slideMs, time)) continue
      // What cannot be evaluated has been reported as failed; a window passes over it.
      const rdd = await evaluation.read(operator, time).catch(() => undefined)
      const partitions = await rdd?.materialise().catch(() => undefined)
      if (partitions !== undefined) kept.push({ operator: id, time, partitions })
    }
    return kept
  }

  #snapshot(time: number): SnapshotSource {
    const { graph } = this.#o
    const tables = this.#tables().map(({ operator, name, table }) => {
      const view = table.view()
      return {
        operator: graph.node(operator).id,
        table: name,
        entries: () => table.stored(view),
        release: () => view.release(),
      }
    })
    void time
    return { tables, remembered: [] }
  }

  /** Where reading begins that is still to come: at the batch itself, or at the oldest one that some operator owes. */
  #readUntil(time: number, unpassed: number | undefined): number {
    return unpassed === undefined ? time : Math.min(time, unpassed - this.#o.batchMs)
  }

  /** The last batch whose received data no source keeps for a window. */
  #forgettable(until: number): number {
    const { graph, keep } = this.#o
    const sources = graph.nodes.filter((node) => node.operator.source === true)
    return until - Math.max(0, ...sources.map(({ operator }) => keep.get(operator)! - operator.slideMs))
  }

  #held(): ReadonlyMap<string, number> {
    const { turns, graph } = this.#o
    const held = turns.operators.filter((operator) => turns.owed(operator).length > 0)
    return new Map(held.map((operator) => [graph.node(operator).id, turns.owed(operator)[0]! - operator.slideMs]))
  }
}
