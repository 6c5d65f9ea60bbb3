import { crashPoint, type CrashHook } from '../../base/crash-points.js'
import type { Clock } from '../../base/ports.js'
import { BatchReport } from '../../observe/batch-report.js'
import type { ListenerBus } from '../../observe/listener-bus.js'
import type { ProgressLog, StepDurations } from '../../observe/progress.js'
import type { RDD } from '../../rdd/rdd.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph, OutputNode } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { BatchStore } from './batch-store.js'
import { causeOf, operatorOf, reasonOf, type Failure } from './failure.js'
import type { StatefulOperators } from './stateful-operators.js'

/** Retries outputs of earlier batches. */
export interface OutputRetries {
  retry(rerun: (output: OutputNode, time: number) => Promise<boolean>): Promise<void>
}

export interface BatchCycleOptions {
  readonly graph: Graph
  readonly evaluation: GraphEvaluation
  readonly stateful: StatefulOperators
  readonly store: BatchStore
  readonly bus: ListenerBus
  readonly clock: Clock
  readonly progress: ProgressLog
  readonly batchMs: number
  readonly maxAttempts: number
  readonly failed: (failure: Failure) => void
  /** Retried before the outputs of the batch and after the stateful operators have advanced. */
  readonly failedOutputs: OutputRetries
  readonly onCrashPoint: CrashHook | undefined
}

const batchBegins = crashPoint('batch:begin')
const batchAllocated = crashPoint('batch:allocated')
const batchEvaluated = crashPoint('batch:evaluated')
const batchCommitted = crashPoint('batch:committed')
const batchForgotten = crashPoint('batch:forgotten')
const outputBegins = crashPoint('output:begin')
const outputDone = crashPoint('output:done')

/** Runs one batch: allocate, evaluate, commit, forget. */
export class BatchCycle {
  readonly #options: BatchCycleOptions
  readonly #sources: readonly Operator[]

  constructor(options: BatchCycleOptions) {
    this.#options = options
    this.#sources = options.graph.nodes.map((node) => node.operator).filter((operator) => operator.source === true)
  }

  /** Runs the batch of `time`. Failures of the user's functions are reported, not thrown. @throws an error that ends the context */
  async run(time: number, replayed = false): Promise<void> {
    const { store, stateful, clock, onCrashPoint } = this.#options
    const marks = [clock.now()]
    await batchBegins(onCrashPoint)
    await store.allocate(time)
    await batchAllocated(onCrashPoint)
    marks.push(clock.now())
    const report = new BatchReport(time, marks[0]!, store.inputs(time))
    const failedOutputs = await this.#evaluate(time, report, replayed)
    // The number of records in received bytes is known only once an output has read them.
    report.setInputs(store.inputs(time))
    await batchEvaluated(onCrashPoint)
    marks.push(clock.now())
    await store.commit({ time, failedOutputs })
    await batchCommitted(onCrashPoint)
    marks.push(clock.now())
    await store.forget(time, stateful.oldestBacklog)
    await batchForgotten(onCrashPoint)
    marks.push(clock.now())
    this.#conclude(report, marks)
  }

  /** Runs one output of an earlier batch again, on the input of that batch; resolves to true when it is done. */
  async #rerun(output: OutputNode, time: number): Promise<boolean> {
    const failure = await this.#options.evaluation.read(output.parent, time).then(
      (rdd) => rdd && this.#attempt(output, rdd, time, { number: 1, replayed: true }),
      (error: unknown) => ({ error }),
    )
    if (failure !== undefined) this.#fail(time, output, failure.error, this.#options.maxAttempts)
    return failure === undefined
  }

  async #evaluate(time: number, report: BatchReport, replayed: boolean): Promise<OutputNode[]> {
    const { evaluation, stateful, graph, bus, clock, failedOutputs } = this.#options
    evaluation.clearFailures()
    const outputs = graph.outputs.filter((output) => evaluation.isValid(output.parent, time))
    if (outputs.length > 0) bus.emit('batchSubmitted', { batchInfo: report.info() })
    report.started(clock.now())
    if (outputs.length > 0) bus.emit('batchStarted', { batchInfo: report.info() })
    for (const source of this.#sources) await evaluation.read(source, time).catch(() => undefined)
    const reported = new Set<unknown>()
    await stateful.advance(time, (operator, at, error, attempt) => {
      reported.add(error)
      this.#fail(at, undefined, error, attempt, graph.node(operator).id)
    })
    await failedOutputs.retry((output, at) => this.#rerun(output, at))
    const failed: OutputNode[] = []
    for (const output of outputs)
      if (!(await this.#runOutput(output, time, report, replayed, reported))) failed.push(output)
    return failed
  }

  /** Resolves to true when the output is done with this batch. @param reported errors that need no second report */
  async #runOutput(
    output: OutputNode,
    time: number,
    report: BatchReport,
    replayed: boolean,
    reported: ReadonlySet<unknown>,
  ): Promise<boolean> {
    const { evaluation, maxAttempts } = this.#options
    let rdd: RDD<unknown> | undefined
    let failure: { error: unknown } | undefined
    try {
      rdd = await evaluation.read(output.parent, time)
      if (rdd === undefined) return true
    } catch (error) {
      failure = { error }
    }
    const begun = this.#begin(output, report)
    for (let number = 1; failure === undefined || number === 1; number++) {
      if (failure === undefined) failure = await this.#attempt(output, rdd!, time, { number, replayed })
      if (failure === undefined) break
      const last = rdd === undefined || number >= maxAttempts
      if (!reported.has(failure.error)) this.#fail(time, output, failure.error, last ? maxAttempts : number)
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
      await outputBegins(this.#options.onCrashPoint)
      await output.run(rdd as RDD<never>, time, attempt)
      await outputDone(this.#options.onCrashPoint)
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
      startTime: this.#options.clock.now(),
      name: `${output.kind} at ${output.definedAt.short}`,
      description: output.definedAt.long,
    }
    const info = report.output({ batchTime: report.time, ...begun })
    this.#options.bus.emit('outputOperationStarted', { outputOperationInfo: info })
    return begun
  }

  #end(
    begun: { id: number; startTime: number; name: string; description: string },
    report: BatchReport,
    failure: { error: unknown } | undefined,
  ): void {
    const endTime = this.#options.clock.now()
    const info = report.output({
      batchTime: report.time,
      ...begun,
      endTime,
      duration: endTime - begun.startTime,
      ...(failure === undefined ? {} : { failureReason: reasonOf(failure.error) }),
    })
    this.#options.bus.emit('outputOperationCompleted', { outputOperationInfo: info })
  }

  #fail(time: number, output: OutputNode | undefined, error: unknown, attempt: number, operator?: string): void {
    this.#options.failed({
      time,
      output: output?.id,
      operator: operatorOf(error, operator) ?? operator,
      error: causeOf(error),
      reason: reasonOf(error),
      final: attempt >= this.#options.maxAttempts,
      attempt,
    })
  }

  #conclude(report: BatchReport, marks: readonly number[]): void {
    const { graph, evaluation, clock, bus, progress, stateful, batchMs } = this.#options
    report.ended(clock.now())
    if (graph.outputs.some((output) => evaluation.isValid(output.parent, report.time))) {
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
      stateOperators: stateful.all.flatMap((operator) => stateFigures(graph.node(operator).id, operator)),
    })
  }
}

function stateFigures(
  id: string,
  operator: Operator,
): { id: string; keys: number; updated: number; removed: number }[] {
  return Object.values(operator.state!.tables).map((table) => ({ id, keys: table.size, ...table.lastChanges }))
}
