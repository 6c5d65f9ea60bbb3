import { crashPoint, type CrashHook } from '../../base/crash-points.js'
import type { Clock } from '../../base/ports.js'
import { BatchReport } from '../../observe/batch-report.js'
import type { ListenerBus } from '../../observe/listener-bus.js'
import type { ProgressLog, StepDurations, TaskFigures } from '../../observe/progress.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { BatchStore } from './batch-store.js'
import { causeOf, operatorOf, reasonOf, type Failure } from './failure.js'
import type { OutputOperations } from './output-operations.js'
import type { OperatorFailure, StatefulOperators } from './stateful-operators.js'

export interface BatchCycleOptions {
  readonly graph: Graph
  readonly evaluation: GraphEvaluation
  readonly stateful: StatefulOperators
  readonly outputs: OutputOperations
  readonly store: BatchStore
  readonly bus: ListenerBus
  readonly clock: Clock
  readonly progress: ProgressLog
  readonly batchMs: number
  /** Returns the counts of tasks since the last call, where there are threads. */
  readonly takeTasks: (() => TaskFigures) | undefined
  readonly failed: (failure: Failure) => void
  readonly operatorFailed: (failed: OperatorFailure, failure: Failure) => void
  readonly onCrashPoint: CrashHook | undefined
  readonly onEvaluated: ((time: number, evaluation: GraphEvaluation) => Promise<void>) | undefined
}

const batchBegins = crashPoint('batch:begin')
const batchAllocated = crashPoint('batch:allocated')
const batchEvaluated = crashPoint('batch:evaluated')
const batchCommitted = crashPoint('batch:committed')
const batchForgotten = crashPoint('batch:forgotten')

/** Runs one batch: allocate, evaluate, commit, forget. */
export class BatchCycle {
  readonly #options: BatchCycleOptions
  readonly #sources: readonly Operator[]

  constructor(options: BatchCycleOptions) {
    this.#options = options
    this.#sources = options.graph.nodes.map((node) => node.operator).filter((operator) => operator.source === true)
  }

  /**
   * Runs the batch of `time`. Failures of the user's functions are reported, not thrown.
   *
   * @param due the late batches that run right behind it: those without data share one commit
   * @throws an error that ends the context
   */
  async run(time: number, replayed = false, due: readonly number[] = []): Promise<void> {
    const { store, outputs, clock, onCrashPoint } = this.#options
    const marks = [clock.now()]
    if (onCrashPoint !== undefined) await batchBegins(onCrashPoint)
    await store.allocate(time, outputs.holdsBack(), due)
    if (onCrashPoint !== undefined) await batchAllocated(onCrashPoint)
    marks.push(clock.now())
    const report = new BatchReport(time, marks[0]!, store.inputs(time))
    await this.#evaluate(report, replayed)
    // The number of records in received bytes is known only once an output has read them.
    report.setInputs(store.inputs(time))
    if (onCrashPoint !== undefined) await batchEvaluated(onCrashPoint)
    marks.push(clock.now())
    if (due.length > 0 && report.numRecords === 0 && store.mayDefer(time)) {
      await store.deferCommit(time)
      marks.push(clock.now(), clock.now())
    } else {
      await store.commit(time)
      if (onCrashPoint !== undefined) await batchCommitted(onCrashPoint)
      marks.push(clock.now())
      await store.forget(time)
      if (onCrashPoint !== undefined) await batchForgotten(onCrashPoint)
      marks.push(clock.now())
    }
    this.#conclude(report, marks)
  }

  async #evaluate(report: BatchReport, replayed: boolean): Promise<void> {
    const { evaluation, stateful, graph, clock, outputs } = this.#options
    const { time } = report
    evaluation.clearFailures()
    const due = graph.outputs.filter((output) => evaluation.isValid(output.parent, time))
    if (due.length > 0) this.#emit('batchSubmitted', report)
    report.started(clock.now())
    if (due.length > 0) this.#emit('batchStarted', report)
    for (const source of this.#sources) {
      const rdd = evaluation.read(source, time)
      if (rdd instanceof Promise) await rdd.catch(() => undefined)
    }
    await stateful.advance(time, (failure) => this.#operatorFailed(failure))
    const waking = outputs.wake()
    if (waking !== undefined) await waking
    await outputs.offer(report, due, replayed)
    const { onEvaluated } = this.#options
    if (onEvaluated !== undefined) await onEvaluated(time, evaluation)
  }

  #emit(event: 'batchSubmitted' | 'batchStarted' | 'batchCompleted', report: BatchReport): void {
    const { bus } = this.#options
    if (bus.isHeard(event)) bus.emit(event, { batchInfo: report.info() })
  }

  #operatorFailed(failed: OperatorFailure): void {
    const { operator, time, error, attempt, isLast } = failed
    const id = this.#options.graph.node(operator).id
    const failure: Failure = {
      time,
      output: undefined,
      operator: operatorOf(error, id) ?? id,
      error: causeOf(error),
      reason: reasonOf(error),
      final: isLast,
      attempt,
      pauseMs: undefined,
    }
    this.#options.failed(failure)
    this.#options.operatorFailed(failed, failure)
  }

  #conclude(report: BatchReport, marks: readonly number[]): void {
    const { graph, evaluation, clock, progress, stateful, outputs, batchMs, takeTasks } = this.#options
    const skippedRecords = progress.takeSkipped()
    report.ended(clock.now(), skippedRecords)
    if (graph.outputs.some((output) => evaluation.isValid(output.parent, report.time))) {
      this.#emit('batchCompleted', report)
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
      skippedRecords,
      stateOperators: stateful.all.flatMap((operator) => stateFigures(graph.node(operator).id, operator)),
      outputs: outputs.progress(),
      ...(takeTasks && { tasks: takeTasks() }),
    })
  }
}

function stateFigures(
  id: string,
  operator: Operator,
): { id: string; keys: number; updated: number; removed: number }[] {
  return Object.entries(operator.state!.tables).map(([name, table]) => ({
    id: name === 'state' ? id : `${id}/${name}`,
    keys: table.size,
    ...table.lastChanges,
  }))
}
