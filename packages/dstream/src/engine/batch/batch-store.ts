import type { Key } from '../../base/keys/key.js'
import type { Checkpoint, FailedOutput, Recovered, SnapshotSource } from '../../durable/checkpoint/checkpoint.js'
import type { Journal } from '../../durable/journal/journal.js'
import type { InputSources } from '../../input/sources/input-sources.js'
import type { StreamInputInfo } from '../../observe/events.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph, OutputNode } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { KeyedState } from '../../streams/state/keyed-state.js'
import type { StateView } from '../../streams/state/view.js'
import { OutputLookback } from './output-lookback.js'
import { RememberedRDDs } from './remembered-rdds.js'
import type { StatefulOperators } from './stateful-operators.js'

/** How many failed outputs are kept for a retry; beyond this number the oldest is given up. */
const MAX_FAILED_OUTPUTS = 1000

/** The result of a batch that is done. */
export interface BatchOutcome {
  readonly time: number
  /** Outputs whose attempts on this batch are used up. They are run again after a restart. */
  readonly failedOutputs: readonly OutputNode[]
}

export interface BatchStoreOptions {
  readonly graph: Graph
  readonly evaluation: GraphEvaluation
  readonly stateful: StatefulOperators
  /** Operator → how long its RDDs are kept, in milliseconds. */
  readonly retention: ReadonlyMap<Operator, number>
  readonly journal: Journal
  /** Without a checkpoint nothing survives the process, and nothing is written. */
  readonly checkpoint: Checkpoint | undefined
  readonly inputs: InputSources
}

interface OperatorTable {
  readonly operator: Operator
  readonly name: string
  readonly table: KeyedState<unknown>
}

/** Reads and writes journal, checkpoint and sources, one batch after the other. */
export class BatchStore {
  readonly remembered: RememberedRDDs
  readonly #options: BatchStoreOptions
  readonly #tables: readonly OperatorTable[]
  readonly #lookback: OutputLookback
  /** The version of each table that is durable. */
  readonly #durable = new Map<KeyedState<unknown>, number>()
  #failedOutputs: readonly FailedOutput[] = []
  /** The failed outputs whose input does not exist yet, since an operator above them lags. */
  #blocked: readonly FailedOutput[] = []
  #lastCommitted: number | undefined

  constructor(options: BatchStoreOptions) {
    this.#options = options
    this.remembered = new RememberedRDDs(options.graph, options.evaluation, options.retention)
    this.#lookback = new OutputLookback(options.graph)
    this.#tables = options.stateful.all.flatMap((operator) =>
      Object.entries(operator.state!.tables).map(([name, table]) => ({ operator, name, table })),
    )
  }

  /** Goes on from the commits of an earlier run, once the tables are restored. */
  resume(recovered: Pick<Recovered, 'lastCommitted' | 'failed'>): void {
    this.#lastCommitted = recovered.lastCommitted
    this.#failedOutputs = recovered.failed
    this.#blocked = this.#failedOutputs.filter((failed) => this.isBlocked(failed))
    this.#markDurable()
  }

  /** The time of the last committed batch. */
  get committed(): number | undefined {
    return this.#lastCommitted
  }

  /** Removes a failed output that has been run, or that is given up. */
  resolve(done: FailedOutput): void {
    this.#failedOutputs = this.#failedOutputs.filter((failed) => failed !== done)
  }

  /** Whether a stateful operator above a failed output has yet to pass the batch on which the output failed. */
  isBlocked({ output, time }: FailedOutput): boolean {
    const { stateful } = this.#options
    const behind = stateful.lagging.filter((operator) => stateful.backlog(operator)[0]! <= time)
    return behind.some((operator) => this.#lookback.of(output).has(operator))
  }

  /** Makes the input of a failed output readable; false where part of it is missing. */
  restoreInputs({ output, time }: FailedOutput, sc: RDDContext): boolean {
    const operator = this.#lookback.parentOf(output)
    return operator !== undefined && this.remembered.restore({ operator, time }, sc)
  }

  /** Returns the table as of the last committed batch; empty before the first commit. */
  committedView<S>(table: KeyedState<S>): StateView<Key, S> {
    return table.view(this.#durable.get(table as KeyedState<unknown>) ?? -Infinity)
  }

  /** Returns every table as of its last committed batch. */
  states(): Readonly<Record<string, readonly unknown[]>> {
    const { graph } = this.#options
    return Object.fromEntries(
      this.#tables.map(({ operator, name, table }) => [`${graph.node(operator).id}/${name}`, [...table.entries()]]),
    )
  }

  /** Gives every waiting block and the planned range of every source to this batch: logged first, then applied. */
  async allocate(time: number): Promise<void> {
    const { inputs, graph, journal } = this.#options
    await journal.allocate(time, await inputs.plan(time, graph, journal))
    inputs.allocated(time, journal)
  }

  /** Returns what the batch got from each source, as far as it is known now. */
  inputs(time: number): readonly StreamInputInfo[] {
    return this.#options.inputs.info(time)
  }

  /** Writes one record: state changes, positions, "this batch is done". Durable when it resolves. */
  async commit(outcome: BatchOutcome): Promise<void> {
    const { checkpoint, inputs } = this.#options
    if (checkpoint !== undefined) await this.#write(checkpoint, outcome)
    this.#markDurable()
    this.#lastCommitted = outcome.time
    await inputs.committed(outcome.time)
  }

  /**
   * Drops what no window and no recovery needs any more.
   *
   * @param oldestBacklog the oldest batch that some operator has yet to pass
   */
  async forget(time: number, oldestBacklog: number | undefined): Promise<void> {
    const { evaluation, inputs, journal, retention } = this.#options
    const until = this.#lastRead(time, oldestBacklog)
    evaluation.forget(until)
    for (const { operator, table } of this.#tables) table.forget(until - retention.get(operator)! + operator.slideMs)
    const last = this.#lastForgettable(until)
    inputs.forget(last)
    await journal.forget(last)
  }

  async #write(checkpoint: Checkpoint, { time, failedOutputs }: BatchOutcome): Promise<void> {
    const { inputs, stateful, graph } = this.#options
    const { lagging } = stateful
    const until = this.#lastRead(time, stateful.oldestBacklog)
    const unblocked = this.#addFailed(failedOutputs.map((output): FailedOutput => ({ output: output.id, time })))
    await checkpoint.commit({
      time,
      tables: this.#tables.map(({ operator, name, table }) => ({
        operator: graph.node(operator).id,
        table: name,
        changes: table.changes(this.#durable.get(table) ?? -Infinity),
      })),
      remembered: await this.remembered.collect(
        time,
        unblocked.map((failed) => ({ operator: this.#lookback.parentOf(failed.output)!, time: failed.time })),
        lagging,
      ),
      unremembered: this.remembered.forget(until, (operator) =>
        this.#lookback.oldestRead(operator, this.#failedOutputs),
      ),
      positions: inputs.positions(graph),
      held: new Map(lagging.map((operator) => [graph.node(operator).id, stateful.passedBefore(operator)])),
      failed: this.#failedOutputs,
      forget: this.#lastForgettable(until),
    })
    checkpoint.snapshotIfDue(() => this.#snapshot())
  }

  /** Adds the failed outputs of a batch; returns those, old and new, whose input exists now and must be remembered. */
  #addFailed(failed: readonly FailedOutput[]): readonly FailedOutput[] {
    this.#failedOutputs = [...this.#failedOutputs, ...failed].slice(-MAX_FAILED_OUTPUTS)
    const open = [...this.#blocked.filter((blocked) => this.#failedOutputs.includes(blocked)), ...failed]
    this.#blocked = open.filter((output) => this.isBlocked(output))
    return open.filter((output) => !this.#blocked.includes(output))
  }

  #snapshot(): SnapshotSource {
    const { graph } = this.#options
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

  /** The last time that nothing will read again: that of the batch, or the one before the oldest backlog. */
  #lastRead(time: number, oldestBacklog: number | undefined): number {
    return oldestBacklog === undefined ? time : Math.min(time, oldestBacklog - 1)
  }

  /** The last batch whose received data no window reads any more. */
  #lastForgettable(until: number): number {
    const { graph, retention } = this.#options
    const sources = graph.nodes.filter((node) => node.operator.source === true)
    return until - Math.max(0, ...sources.map(({ operator }) => retention.get(operator)! - operator.slideMs))
  }
}
