import type { Checkpoint, FailedOutput, Recovered, SnapshotSource } from '../../durable/checkpoint/checkpoint.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { Journal } from '../../durable/journal/journal.js'
import type { Key } from '../../base/keys/key.js'
import type { StreamInputInfo } from '../../observe/events.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { InputSources } from '../../input/sources/input-sources.js'
import type { KeyedState } from '../../streams/state/keyed-state.js'
import type { StateView } from '../../streams/state/view.js'
import type { BatchOutcome, BatchStore } from './batch-cycle.js'
import { RememberedRDDs } from './remembered-rdds.js'
import type { StatefulOperators } from './stateful-operators.js'

/** How many outputs may be owed to the world at a time; beyond it the oldest is given up. */
export const MAX_OWED_OUTPUTS = 1000

export interface BatchStoreOptions {
  readonly graph: Graph
  readonly evaluation: GraphEvaluation
  readonly turns: StatefulOperators
  readonly keep: ReadonlyMap<Operator, number>
  readonly journal: Journal
  /** Without one nothing survives the process, and nothing is written. */
  readonly checkpoint: Checkpoint | undefined
  readonly inputs: InputSources
  readonly batchMs: number
}

interface OperatorTable {
  readonly operator: Operator
  readonly name: string
  readonly table: KeyedState<unknown>
}

/** Journal, checkpoint and sources, as one batch after the other uses them. */
export class CheckpointedStore implements BatchStore {
  readonly remembered: RememberedRDDs
  readonly #o: BatchStoreOptions
  readonly #tables: readonly OperatorTable[]
  /** The version of each table that is durable. */
  readonly #durable = new Map<KeyedState<unknown>, number>()
  #owed: readonly FailedOutput[] = []
  /** Those of them whose data is not there yet: an operator above has still to pass the batch. */
  #waiting: readonly FailedOutput[] = []
  #committed: number | undefined
  readonly #reaches = new Map<string, ReadonlyMap<Operator, number>>()

  constructor(options: BatchStoreOptions) {
    this.#o = options
    this.remembered = new RememberedRDDs(options.graph, options.evaluation, options.keep)
    this.#tables = options.turns.operators.flatMap((operator) =>
      Object.entries(operator.state!.tables).map(([name, table]) => ({ operator, name, table })),
    )
  }

  /** Goes on from what an earlier life has committed, once the tables are restored. */
  resume(recovered: Pick<Recovered, 'lastCommitted' | 'failed'>): void {
    this.#committed = recovered.lastCommitted
    this.#owed = recovered.failed
    this.#waiting = this.#owed.filter((owed) => this.isWaiting(owed))
    this.#markDurable()
  }

  /** The time of the last batch that is done for good. */
  get committed(): number | undefined {
    return this.#committed
  }

  /** Outputs that have failed on batches that are committed: they are run again in the next life. */
  get owed(): readonly FailedOutput[] {
    return this.#owed
  }

  /** An output that was owed has been run. */
  paid(done: FailedOutput): void {
    this.#owed = this.#owed.filter((owed) => owed !== done)
  }

  /** Whether a stateful operator above an output has still to pass the batch on which the output is owed. */
  isWaiting({ output, time }: FailedOutput): boolean {
    const behind = this.#o.turns.operators.filter((operator) => (this.#o.turns.owed(operator)[0] ?? Infinity) <= time)
    return behind.some((operator) => this.#reach(output).has(operator))
  }

  /** Makes what an output that is owed is to be given readable; false where something is missing. */
  putBack({ output, time }: FailedOutput, sc: RDDContext): boolean {
    const operator = this.#parentOf(output)
    return operator !== undefined && this.remembered.putBack({ operator, time }, sc)
  }

  /** The table as of the last committed batch; before its first batch nothing is committed. */
  committedView<S>(table: KeyedState<S>): StateView<Key, S> {
    return table.view(this.#durable.get(table as KeyedState<unknown>) ?? -Infinity)
  }

  /** Every table as of its last committed batch. */
  states(): Readonly<Record<string, readonly unknown[]>> {
    return Object.fromEntries(
      this.#tables.map(({ operator, name, table }) => [
        `${this.#o.graph.node(operator).id}/${name}`,
        [...table.entries()],
      ]),
    )
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
    const { evaluation, inputs, journal, keep } = this.#o
    const until = this.#readUntil(time, unpassed)
    evaluation.forget(until)
    for (const { operator, table } of this.#tables) table.forget(until - keep.get(operator)! + operator.slideMs)
    const forgettable = this.#forgettable(until)
    inputs.forget(forgettable)
    await journal.forget(forgettable)
  }

  async #write(checkpoint: Checkpoint, { time, failedOutputs }: BatchOutcome): Promise<void> {
    const { inputs, turns, graph } = this.#o
    const behind = turns.operators.filter((operator) => turns.owed(operator).length > 0)
    const until = this.#readUntil(time, turns.oldestOwed)
    const failed = failedOutputs.map((output): FailedOutput => ({ output: output.id, time }))
    this.#owed = [...this.#owed, ...failed].slice(-MAX_OWED_OUTPUTS)
    const unkept = [...this.#waiting.filter((owed) => this.#owed.includes(owed)), ...failed]
    this.#waiting = unkept.filter((owed) => this.isWaiting(owed))
    const owing = unkept
      .filter((owed) => !this.#waiting.includes(owed))
      .map((owed) => ({ operator: this.#parentOf(owed.output)!, time: owed.time }))
    await checkpoint.commit({
      time,
      tables: this.#tables.map(({ operator, name, table }) => ({
        operator: graph.node(operator).id,
        table: name,
        changes: table.changes(this.#durable.get(table) ?? -Infinity),
      })),
      remembered: await this.remembered.keep(time, owing, behind),
      unremembered: this.remembered.forget(until, (operator) => this.#oldestOwed(operator)),
      positions: inputs.positions(graph),
      held: new Map(behind.map((operator) => [graph.node(operator).id, turns.owed(operator)[0]! - operator.slideMs])),
      failed: this.#owed,
      forget: this.#forgettable(until),
    })
    checkpoint.snapshotIfDue(() => this.#snapshot())
  }

  /** The oldest batch whose RDD of this operator some output that is owed may be made of. */
  #oldestOwed(operator: Operator): number | undefined {
    const times = this.#owed.flatMap(({ output, time }) => {
      const reach = this.#reach(output).get(operator)
      return reach === undefined ? [] : [time - reach]
    })
    return times.length === 0 ? undefined : Math.min(...times)
  }

  #parentOf(output: string): Operator | undefined {
    return this.#o.graph.outputs.find(({ id }) => id === output)?.parent
  }

  /** For each operator above an output, how far behind the batch time it is read for it, in milliseconds. */
  #reach(output: string): ReadonlyMap<Operator, number> {
    const known = this.#reaches.get(output)
    if (known !== undefined) return known
    const reach = new Map<Operator, number>()
    const parent = this.#parentOf(output)
    if (parent !== undefined) reach.set(parent, 0)
    // Operators are listed after their parents, so one pass from the end sees every child before its parents.
    for (const { operator } of [...this.#o.graph.nodes].reverse()) {
      const below = reach.get(operator)
      if (below === undefined) continue
      for (const above of operator.parents) {
        reach.set(above, Math.max(reach.get(above) ?? 0, below + operator.lookbackMs))
      }
    }
    this.#reaches.set(output, reach)
    return reach
  }

  #snapshot(): SnapshotSource {
    const { graph } = this.#o
    const begun = this.#tables.filter(({ table }) => table.version !== undefined)
    const tables = begun.map(({ operator, name, table }) => {
      const stored = table.stored()
      return { operator: graph.node(operator).id, table: name, ...stored }
    })
    return { tables, remembered: this.remembered.all() }
  }

  #markDurable(): void {
    for (const { table } of this.#tables) if (table.version !== undefined) this.#durable.set(table, table.version)
  }

  /** Up to where all reading is done: the batch itself, or what lies before the oldest one that some operator owes. */
  #readUntil(time: number, unpassed: number | undefined): number {
    return unpassed === undefined ? time : Math.min(time, unpassed - this.#o.batchMs)
  }

  /** The last batch whose received data no window reads any more. */
  #forgettable(until: number): number {
    const { graph, keep } = this.#o
    const sources = graph.nodes.filter((node) => node.operator.source === true)
    return until - Math.max(0, ...sources.map(({ operator }) => keep.get(operator)! - operator.slideMs))
  }
}
