import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph, OutputNode } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import { BatchReport } from '../../observe/batch-report.js'
import type { ListenerBus } from '../../observe/listener-bus.js'
import type { StreamInputInfo } from '../../observe/events.js'
import type { ProgressLog, StepDurations } from '../../observe/progress.js'
import type { Clock } from '../../base/ports.js'
import type { RDD } from '../../rdd/rdd.js'
import { crashPoint, type CrashHook } from '../../base/crash-points.js'
import { causeOf, operatorOf, reasonOf, type Failure } from './failure.js'
import type { StatefulOperators } from './stateful-operators.js'

/** What a batch leaves behind when it is done. */
export interface BatchOutcome {
  readonly time: number
  /** Outputs that have failed on this batch for good; after a restart they are run again. */
  readonly failedOutputs: readonly OutputNode[]
}

/** What the cycle needs of journal and checkpoint, and of the sources. */
export interface BatchStore {
  /** Every block that is waiting, and the planned range of every source, goes to this batch: logged, then applied. */
  allocate(time: number): Promise<void>
  /** What the batch got from each source, as far as it is known now. */
  inputs(time: number): readonly StreamInputInfo[]
  /** One record: state changes, positions, "this batch is done". Durable when it resolves. */
  commit(outcome: BatchOutcome): Promise<void>
  /** Lets go of what no window and no recovery needs; `unpassed` is the oldest batch that some operator still owes. */
  forget(time: number, unpassed: number | undefined): Promise<void>
}

export interface BatchCycleOptions {
  readonly graph: Graph
  readonly evaluation: GraphEvaluation
  readonly turns: StatefulOperators
  readonly store: BatchStore
  readonly bus: ListenerBus
  readonly clock: Clock
  readonly progress: ProgressLog
  readonly batchMs: number
  readonly maxAttempts: number
  readonly failed: (failure: Failure) => void
  /** Runs outputs of earlier batches that are owed: before those of the batch, and once the operators have had their turn. */
  readonly payWhatIsOwed: () => Promise<void>
  readonly steps?: CrashHook | undefined
}

const batchBegins = crashPoint('batch:begin')
const batchAllocated = crashPoint('batch:allocated')
const batchEvaluated = crashPoint('batch:evaluated')
const batchCommitted = crashPoint('batch:committed')
const batchForgotten = crashPoint('batch:forgotten')
const outputBegins = crashPoint('output:begin')
const outputDone = crashPoint('output:done')

/** The story of one batch: allocate, evaluate, commit, forget. */
export class BatchCycle {
  readonly #o: BatchCycleOptions
  readonly #sources: readonly Operator[]

  constructor(options: BatchCycleOptions) {
    this.#o = options
    this.#sources = options.graph.nodes.map((node) => node.operator).filter((operator) => operator.source === true)
  }

  /** Runs the batch of `time`. Failures of the user's functions are reported, not thrown; what is thrown ends the context. */
  async run(time: number, replayed = false): Promise<void> {
    const { store, turns, clock, steps } = this.#o
    const marks = [clock.now()]
    await batchBegins(steps)
    await store.allocate(time)
    await batchAllocated(steps)
    marks.push(clock.now())
    const report = new BatchReport(time, marks[0]!, store.inputs(time))
    const failedOutputs = await this.#evaluate(time, report, replayed)
    // Only now is it known how many records the received bytes held.
    report.setInputs(store.inputs(time))
    await batchEvaluated(steps)
    marks.push(clock.now())
    await store.commit({ time, failedOutputs })
    await batchCommitted(steps)
    marks.push(clock.now())
    await store.forget(time, turns.oldestOwed)
    await batchForgotten(steps)
    marks.push(clock.now())
    this.#conclude(report, marks)
  }

  /** Runs one output of an earlier batch again, on what it would have been given; true when it is done. */
  async rerun(output: OutputNode, time: number): Promise<boolean> {
    const failure = await this.#o.evaluation.read(output.parent, time).then(
      (rdd) => rdd && this.#attempt(output, rdd, time, { number: 1, replayed: true }),
      (error: unknown) => ({ error }),
    )
    if (failure !== undefined) this.#fail(time, output, failure.error, this.#o.maxAttempts)
    return failure === undefined
  }

  async #evaluate(time: number, report: BatchReport, replayed: boolean): Promise<OutputNode[]> {
    const { evaluation, turns, graph } = this.#o
    evaluation.clearFailures()
    const outputs = graph.outputs.filter((output) => evaluation.isValid(output.parent.slideMs, time))
    if (outputs.length > 0) this.#o.bus.emit('batchSubmitted', { batchInfo: report.info() })
    report.started(this.#o.clock.now())
    if (outputs.length > 0) this.#o.bus.emit('batchStarted', { batchInfo: report.info() })
    for (const source of this.#sources) await evaluation.read(source, time).catch(() => undefined)
    const seen = new Set<unknown>()
    await turns.advance(time, (operator, at, error, attempt) => {
      seen.add(error)
      this.#fail(at, undefined, error, attempt, graph.node(operator).id)
    })
    await this.#o.payWhatIsOwed()
    const failed: OutputNode[] = []
    for (const output of outputs)
      if (!(await this.#runOutput(output, time, report, replayed, seen))) failed.push(output)
    return failed
  }

  /** True when the output is done with this batch. */
  async #runOutput(
    output: OutputNode,
    time: number,
    report: BatchReport,
    replayed: boolean,
    seen: ReadonlySet<unknown>,
  ): Promise<boolean> {
    let rdd: RDD<unknown> | undefined
    let failure: { error: unknown } | undefined
    try {
      rdd = await this.#o.evaluation.read(output.parent, time)
      if (rdd === undefined) return true
    } catch (error) {
      failure = { error }
    }
    const begun = this.#begin(output, report)
    for (let number = 1; failure === undefined || number === 1; number++) {
      if (failure === undefined) failure = await this.#attempt(output, rdd!, time, { number, replayed })
      if (failure === undefined) break
      const last = rdd === undefined || number >= this.#o.maxAttempts
      if (!seen.has(failure.error)) this.#fail(time, output, failure.error, last ? this.#o.maxAttempts : number)
      if (last) break
      failure = undefined
    }
    this.#end(begun, report, failure)
    return failure === undefined
  }

  async #attempt(
    output: OutputNode,
    rdd: RDD<unknown>,
    time: number,
    attempt: { number: number; replayed: boolean },
  ): Promise<{ error: unknown } | undefined> {
    try {
      await outputBegins(this.#o.steps)
      await output.run(rdd as RDD<never>, time, attempt)
      await outputDone(this.#o.steps)
      return undefined
    } catch (error) {
      return { error }
    }
  }

  #begin(
    output: OutputNode,
    report: BatchReport,
  ): { id: number; startTime: number; name: string; description: string } {
    const begun = {
      id: output.index,
      startTime: this.#o.clock.now(),
      name: `${output.kind} at ${output.definedAt.short}`,
      description: output.definedAt.long,
    }
    const info = report.output({ batchTime: report.time, ...begun })
    this.#o.bus.emit('outputOperationStarted', { outputOperationInfo: info })
    return begun
  }

  #end(
    begun: { id: number; startTime: number; name: string; description: string },
    report: BatchReport,
    failure: { error: unknown } | undefined,
  ): void {
    const endTime = this.#o.clock.now()
    const info = report.output({
      batchTime: report.time,
      ...begun,
      endTime,
      duration: endTime - begun.startTime,
      ...(failure === undefined ? {} : { failureReason: reasonOf(failure.error) }),
    })
    this.#o.bus.emit('outputOperationCompleted', { outputOperationInfo: info })
  }

  #fail(time: number, output: OutputNode | undefined, error: unknown, attempt: number, operator?: string): void {
    this.#o.failed({
      time,
      output: output?.id,
      operator: operatorOf(error, operator) ?? operator,
      error: causeOf(error),
      reason: reasonOf(error),
      final: attempt >= this.#o.maxAttempts,
      attempt,
    })
  }

  #conclude(report: BatchReport, marks: readonly number[]): void {
    const { graph, evaluation, clock, bus, progress, turns, batchMs } = this.#o
    report.ended(clock.now())
    if (graph.outputs.some((output) => evaluation.isValid(output.parent.slideMs, report.time))) {
      bus.emit('batchCompleted', { batchInfo: report.info() })
    }
    const [begun, allocated, evaluated, committed, forgotten] = marks as [number, number, number, number, number]
    const durationMs: StepDurations = {
      allocate: allocated - begun,
      evaluate: evaluated - allocated,
      commit: committed - evaluated,
      forget: forgotten - committed,
      total: forgotten - begun,
    }
    progress.add({
      batchTime: report.time,
      numInputRecords: report.numRecords,
      inputRowsPerSecond: (report.numRecords * 1000) / batchMs,
      processedRowsPerSecond: (report.numRecords * 1000) / Math.max(1, durationMs.total),
      durationMs,
      sources: report.inputs,
      stateOperators: turns.operators.flatMap((operator) => stateFigures(graph.node(operator).id, operator)),
    })
  }
}

function stateFigures(
  id: string,
  operator: Operator,
): { id: string; keys: number; updated: number; removed: number }[] {
  return Object.values(operator.state!.tables).map((table) => ({ id, keys: table.size, ...table.lastChanges }))
}
