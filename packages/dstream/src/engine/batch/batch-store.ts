import { contextClosed } from '../../base/errors/outputs.js'
import type { Key } from '../../base/keys/key.js'
import type { Checkpoint, Remembered, SnapshotSource } from '../../durable/checkpoint/checkpoint.js'
import type { PendingOutput } from '../../durable/checkpoint/pending-outputs.js'
import type { Journal } from '../../durable/journal/journal.js'
import type { InputSources } from '../../input/sources/input-sources.js'
import type { StreamInputInfo } from '../../observe/events.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { OutputNode } from '../../streams/graph/output.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { KeyedState } from '../../streams/state/keyed-state.js'
import type { StateView } from '../../streams/state/view.js'
import type { OutputAt, OutputInputs } from './output-inputs.js'
import type { RememberedRDDs } from './remembered-rdds.js'
import type { StatefulOperators } from './stateful-operators.js'

/** The batches that wait for outputs. */
export interface PendingOutputs {
  pendingAt(time: number): readonly OutputNode[]
  isPending(at: OutputAt): boolean
  readonly isEmpty: boolean
  /** Everything that waits, for a commit. */
  pending(): readonly PendingOutput[]
  /** The oldest batch that waits for each output. */
  oldestPending(): readonly OutputAt[]
  keeps(at: OutputAt, bytes: number): void
  /** The id of the operator whose function threw on a record of the batch. */
  brokenOperator(at: OutputAt): string | undefined
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
  readonly remembered: RememberedRDDs
  readonly outputInputs: OutputInputs
  readonly outputs: PendingOutputs
}

interface OperatorTable {
  readonly operator: Operator
  readonly name: string
  readonly table: KeyedState<unknown>
}

/** Reads and writes journal, checkpoint and sources, one batch after the other. */
export class BatchStore {
  readonly #options: BatchStoreOptions
  readonly #tables: readonly OperatorTable[]
  /** The version of each table that is durable. */
  readonly #durable = new Map<KeyedState<unknown>, number>()
  /** Pending batches whose input is not kept yet: an operator above the output lags, or a source has failed. */
  #unkept: readonly OutputAt[] = []
  /** The batches that are done and not committed, and what their commit holds of their RDDs. */
  #deferred: { readonly times: number[]; readonly remembered: Remembered[] } = { times: [], remembered: [] }
  #lastCommitted: number | undefined
  #isClosed = false

  constructor(options: BatchStoreOptions) {
    this.#options = options
    this.#tables = options.stateful.all.flatMap((operator) =>
      Object.entries(operator.state!.tables).map(([name, table]) => ({ operator, name, table })),
    )
  }

  /** Goes on from the commits of an earlier run, once the tables are restored and the outputs have their batches. */
  resume(lastCommitted: number | undefined, pending: readonly OutputAt[]): void {
    const { outputInputs, outputs } = this.#options
    this.#lastCommitted = lastCommitted
    this.#unkept = pending.filter((at) => !outputInputs.isKept(at))
    for (const at of pending)
      outputs.keeps(at, this.#options.remembered.bytes({ operator: at.output.parent, time: at.time }))
    this.#markDurable()
  }

  /** Refuses every further commit: another process may own the checkpoint from here on. */
  close(): void {
    this.#isClosed = true
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The time of the last committed batch. */
  get committed(): number | undefined {
    return this.#lastCommitted
  }

  /** Returns the table as of the last committed batch; empty before the first commit. */
  committedView<S>(table: KeyedState<S>): StateView<Key, S> {
    return table.view(this.#durable.get(table as KeyedState<unknown>) ?? -Infinity)
  }

  /** Returns the batches of an operator that later ones read, with their estimated bytes; the journal has those of a source. */
  held(operator: Operator): { readonly batches: number; readonly bytes: number | undefined } {
    const { evaluation, remembered } = this.#options
    if (operator.source === true) return { batches: evaluation.held(operator), bytes: undefined }
    return remembered.held(operator)
  }

  /** Returns every table as of its last committed batch. */
  states(): Readonly<Record<string, readonly unknown[]>> {
    const { graph } = this.#options
    return Object.fromEntries(
      this.#tables.map(({ operator, name, table }) => [`${graph.node(operator).id}/${name}`, [...table.entries()]]),
    )
  }

  /**
   * Gives the open and every waiting block and the planned range of every source to this batch: logged first, then applied.
   *
   * @param isHeldBack gives no received data to the batch, because too much waits for an output
   * @param due the late batches that run right behind it. They begin with it: all data is its own, and one append says so for
   * all of them. A source that plans its ranges plans each when it runs.
   */
  async allocate(time: number, isHeldBack: boolean, due: readonly number[] = []): Promise<void> {
    const { inputs, graph, journal } = this.#options
    const ranges = await inputs.plan(time, graph, journal, isHeldBack)
    const closing = isHeldBack ? undefined : inputs.closeBlocks()
    if (closing !== undefined) await closing
    const isFirst = due.length > 0 && !inputs.hasPlans && journal.allocation(time) === undefined
    const allocating = journal.allocate(time, ranges, isHeldBack)
    const behind = isFirst && this.#options.checkpoint !== undefined ? due : []
    await Promise.all([allocating, ...behind.map((each) => journal.allocate(each, new Map(), true))])
    inputs.allocated(time, journal)
  }

  /** Returns what the batch got from each source, as far as it is known now. */
  inputs(time: number): readonly StreamInputInfo[] {
    return this.#options.inputs.info(time)
  }

  /** Whether the commit of a batch without records may be left to a later one: nothing has happened that must not be repeated. */
  mayDefer(time: number): boolean {
    const { checkpoint, journal, outputs, stateful } = this.#options
    const hasBlocks = (journal.allocation(time)?.blocks.size ?? 0) > 0
    return checkpoint !== undefined && !hasBlocks && outputs.isEmpty && stateful.lagging.length === 0
  }

  /** Leaves the commit of a batch to that of the next one. After a crash before it, both run again. */
  async deferCommit(time: number): Promise<void> {
    this.#deferred.remembered.push(...(await this.#collect(time)))
    this.#deferred.times.push(time)
    await this.#options.evaluation.keepAll(time)
  }

  /** Commits the batches whose commits were left to a later one, which will not come. */
  async commitDeferred(): Promise<void> {
    const time = this.#deferred.times.pop()
    if (time !== undefined && !this.#isClosed) await this.commit(time)
  }

  /** Writes one record: state changes, positions, "this batch is done". Durable when it resolves. */
  async commit(time: number): Promise<void> {
    const { checkpoint, inputs } = this.#options
    const deferred = this.#deferred
    this.#deferred = { times: [], remembered: [] }
    const remembered = checkpoint === undefined ? [] : [...deferred.remembered, ...(await this.#collect(time))]
    await this.#keepInputs(time, remembered)
    if (this.#isClosed) throw contextClosed()
    if (checkpoint !== undefined) await this.#write(checkpoint, time, remembered)
    else this.#forgetRemembered(time)
    this.#markDurable()
    this.#lastCommitted = time
    for (const each of deferred.times) await inputs.committed(each)
    await inputs.committed(time)
  }

  /** Drops what no window, no output and no recovery needs any more. */
  async forget(time: number): Promise<void> {
    const { evaluation, inputs, journal, retention } = this.#options
    const until = this.#lastRead(time)
    await evaluation.keepAll(time)
    evaluation.forget(until)
    for (const { operator, table } of this.#tables) table.forget(until - retention.get(operator)! + operator.slideMs)
    const last = this.#lastForgettable(until)
    inputs.forget(last)
    await journal.forget(last)
  }

  async #collect(time: number): Promise<Remembered[]> {
    return this.#options.remembered.collect(time, this.#options.stateful.lagging)
  }

  /** Keeps the inputs of the batches that wait for outputs, as soon as the operators above have passed them. */
  async #keepInputs(time: number, remembered: Remembered[]): Promise<void> {
    const { outputs, outputInputs } = this.#options
    const fresh = outputs.pendingAt(time).map((output) => ({ output, time }))
    if (fresh.length === 0 && this.#unkept.length === 0) return
    const unkept: OutputAt[] = []
    for (const at of [...this.#unkept.filter((candidate) => outputs.isPending(candidate)), ...fresh]) {
      if (outputInputs.isBlocked(at) || !(await this.#keepInput(at, remembered))) unkept.push(at)
    }
    this.#unkept = unkept
  }

  async #keepInput(at: OutputAt, remembered: Remembered[]): Promise<boolean> {
    const input = { operator: at.output.parent, time: at.time }
    const isComplete = await this.#options.remembered.collectInput(
      input,
      remembered,
      this.#options.outputs.brokenOperator(at),
    )
    this.#options.outputs.keeps(at, this.#options.remembered.bytes(input))
    return isComplete
  }

  async #write(checkpoint: Checkpoint, time: number, remembered: Remembered[]): Promise<void> {
    const { inputs, stateful, graph, outputs } = this.#options
    const { lagging } = stateful
    await checkpoint.commit({
      time,
      tables: this.#tables.map(({ operator, name, table }) => ({
        operator: graph.node(operator).id,
        table: name,
        changes: table.changes(this.#durable.get(table) ?? -Infinity),
        isEmptied: table.size === 0,
      })),
      remembered,
      unremembered: this.#forgetRemembered(time),
      positions: inputs.positions(graph),
      lagging: new Map(lagging.map((operator) => [graph.node(operator).id, stateful.passedBefore(operator)])),
      pendingOutputs: outputs.pending(),
      forget: this.#lastForgettable(this.#lastRead(time)),
    })
    checkpoint.snapshotIfDue(() => this.#snapshot())
  }

  #forgetRemembered(time: number): ReadonlyMap<string, number> {
    const { remembered, outputInputs, outputs } = this.#options
    const pending = outputs.oldestPending()
    return remembered.forget(this.#lastRead(time), (operator) => outputInputs.oldestRead(operator, pending))
  }

  #snapshot(): SnapshotSource {
    const { graph } = this.#options
    const begun = this.#tables.filter(({ table }) => table.version !== undefined)
    const tables = begun.map(({ operator, name, table }) => {
      const stored = table.stored()
      return { operator: graph.node(operator).id, table: name, ...stored }
    })
    return { tables, remembered: this.#options.remembered.all() }
  }

  #markDurable(): void {
    for (const { table } of this.#tables) if (table.version !== undefined) this.#durable.set(table, table.version)
  }

  /** The last batch time that nothing will read again: the batch itself, or the one before the oldest that is unfinished. */
  #lastRead(time: number): number {
    const unfinished = Math.min(this.#options.stateful.oldestBacklog ?? Infinity, ...this.#unkept.map((at) => at.time))
    return Math.min(time, unfinished - 1)
  }

  /** The last batch whose received data no window reads any more. */
  #lastForgettable(until: number): number {
    const { graph, retention } = this.#options
    const sources = graph.nodes.filter((node) => node.operator.source === true)
    return until - Math.max(0, ...sources.map(({ operator }) => retention.get(operator)! - operator.slideMs))
  }
}
