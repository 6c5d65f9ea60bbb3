import type { Clock, Yielder } from '../base/ports.js'
import { messageOf } from '../base/errors/error-text.js'
import { planWords } from '../durable/checkpoint/plan-words.js'
import type { Engine } from '../engine/engine.js'
import { restartPlan } from '../engine/restart-plan.js'
import type { InputSources } from '../input/sources/input-sources.js'
import type { InputSource } from '../input/sources/input-source.js'
import type { SourceLag } from '../input/sources/source.js'
import type { Board } from '../observe/board.js'
import type { JobMetrics, SystemSample } from '../observe/job-metrics.js'
import { heldBy, type Held } from './held.js'
import type {
  HeldBatches,
  JobNode,
  JobPhase,
  JobView,
  RestartView,
  SourceView,
  StateAnswer,
  StateQuestion,
  TableFigures,
} from '../observe/job-view.js'
import type { WorkFigures } from '../observe/long-work.js'
import type { MeteredStorage } from '../observe/metered-storage.js'
import type { Graph } from '../streams/graph/graph.js'
import type { Operator } from '../streams/graph/operator.js'
import { planOf } from '../streams/graph/plan.js'
import type { KeyedState } from '../streams/state/keyed-state.js'
import { shownOptions } from './shown-options.js'
import { answerQuestion } from './state-question.js'
import type { StreamingContextOptions } from './context-options.js'

/** The parts of a context that its view reads. */
export interface ContextParts {
  readonly name: string
  readonly batchMs: number
  readonly options: StreamingContextOptions
  readonly graph: Graph
  readonly inputs: InputSources
  readonly metrics: JobMetrics
  readonly board: Board
  readonly clock: Clock
  readonly yielder: Yielder
  readonly storage: MeteredStorage | undefined
  readonly location: () => string | undefined
  readonly retention: () => ReadonlyMap<Operator, number>
  readonly engine: () => Engine | undefined
  readonly life: () => { readonly state: 'INITIALIZED' | 'ACTIVE' | 'STOPPED'; readonly isStopping: boolean }
  readonly work: () => readonly WorkFigures[]
  readonly failure: () => { readonly error: unknown } | undefined
}

/** Batches that may wait before a job counts as catching up. */
const BEHIND = 2

/** What pages and metrics see of a context. */
export class ContextView implements JobView {
  readonly id: string
  readonly startTime: number
  readonly #parts: ContextParts
  #nodes: readonly JobNode[] | undefined
  #estimated: (Held & { readonly committed: number | undefined }) | undefined

  constructor(parts: ContextParts) {
    this.#parts = parts
    this.startTime = parts.clock.now()
    this.id = `${parts.name.replace(/[^\w.-]+/g, '-')}-${this.startTime}`
  }

  get name(): string {
    return this.#parts.name
  }

  get batchMs(): number {
    return this.#parts.batchMs
  }

  get metrics(): JobMetrics {
    return this.#parts.metrics
  }

  get board(): Board {
    return this.#parts.board
  }

  phase(): JobPhase {
    const { state, isStopping } = this.#parts.life()
    if (this.#parts.failure() !== undefined) return 'failed'
    if (state === 'STOPPED') return 'stopped'
    if (isStopping) return 'stopping'
    if (state === 'INITIALIZED') return 'starting'
    return this.numQueued() > BEHIND ? 'catching-up' : 'running'
  }

  failure(): string | undefined {
    const failure = this.#parts.failure()
    return failure === undefined ? undefined : messageOf(failure.error)
  }

  work(): readonly WorkFigures[] {
    return this.#parts.work()
  }

  now(): number {
    return this.#parts.clock.now()
  }

  numQueued(): number {
    const next = this.#next()
    return next === undefined ? 0 : Math.max(0, Math.floor((this.now() - next) / this.batchMs) + 1)
  }

  queued(limit: number): readonly number[] {
    const next = this.#next()
    if (next === undefined) return []
    return Array.from({ length: Math.min(limit, this.numQueued()) }, (_, i) => next + i * this.batchMs)
  }

  nodes(): readonly JobNode[] {
    return (this.#nodes ??= nodesOf(this.#parts.graph, this.#parts.retention()))
  }

  sources(): readonly SourceView[] {
    const { inputs, graph } = this.#parts
    const isRunning = this.#parts.life().state === 'ACTIVE'
    return inputs.all.map((source) => sourceView(source, graph.node(source.operator).id, isRunning))
  }

  tables(): readonly TableFigures[] {
    return this.#held().tables
  }

  held(): ReadonlyMap<string, HeldBatches> {
    return this.#held().batches
  }

  async ask(id: string, question: StateQuestion): Promise<StateAnswer | undefined> {
    const known = this.tables().find((table) => table.id === id)
    const engine = this.#parts.engine()
    if (known === undefined || engine === undefined) return undefined
    const node = this.#parts.graph.nodes.find((candidate) => candidate.id === known.operator)
    const table: KeyedState<unknown> = node!.operator.state!.tables[known.table]!
    const view = engine.store.committedView(table)
    try {
      return await answerQuestion(view, question, this.#parts.yielder)
    } finally {
      view.release()
    }
  }

  storage(): ReturnType<JobView['storage']> {
    const { storage, location } = this.#parts
    if (storage === undefined) return undefined
    const restart = this.#restart()
    const where = location() ?? 'a storage of the program'
    return { location: where, writes: storage.figures, ...(restart === undefined ? {} : { restart }) }
  }

  options(): Readonly<Record<string, string>> {
    return shownOptions(this.#parts.options)
  }

  #restart(): RestartView | undefined {
    const { graph, inputs, engine } = this.#parts
    const running = engine()
    if (running?.store.committed === undefined) return undefined
    const plan = restartPlan(graph, inputs, running)
    return { ...planWords(plan), ...(plan.refusal === undefined ? {} : { refusal: plan.refusal }) }
  }

  /** What is held after the last committed batch. It is estimated once a batch, and only when it is asked for. */
  #held(): Held {
    const committed = this.#parts.engine()?.store.committed
    if (this.#estimated === undefined || this.#estimated.committed !== committed)
      this.#estimated = { committed, ...heldBy(this.#parts.graph, this.#parts.engine()?.store) }
    return this.#estimated
  }

  /** The time of the next batch, once batches run. */
  #next(): number | undefined {
    const next = this.#parts.engine()?.ticker.nextMs
    return next === undefined || next === 0 || this.#parts.life().state !== 'ACTIVE' ? undefined : next
  }
}

/** Returns what the sources of a context hold now. */
export function sampleOf(inputs: InputSources, heapBytes: number, loopDelayMs: number): SystemSample {
  const buffers = inputs.all.flatMap(({ supervisor }) => (supervisor === undefined ? [] : [supervisor.buffer]))
  const rate = Math.min(...buffers.map((buffer) => buffer.rate))
  return {
    heapBytes,
    loopDelayMs,
    bufferedRecords: buffers.reduce((sum, { buffered }) => sum + buffered.records, 0),
    bufferedBytes: buffers.reduce((sum, { buffered }) => sum + buffered.bytes, 0),
    ...(rate === Infinity ? {} : { rateLimit: rate }),
  }
}

function sourceView(source: InputSource, operator: string, isRunning: boolean): SourceView {
  const { streamId, name, supervisor } = source
  const lag = source.lag?.()
  const files = source.files?.()
  const common = {
    streamId,
    name,
    operator,
    ...(lag === undefined ? {} : { lag: known(lag) }),
    ...(files === undefined ? {} : { files }),
  }
  if (supervisor === undefined) {
    const none = { lastErrorTime: -1, lastErrorMessage: '', lastError: '' }
    const position = source.snapshot?.()
    const active = isRunning
    return { ...common, hasReceiver: false, active, ...none, ...(position === undefined ? {} : { position }) }
  }
  const { active, lastErrorTime, lastErrorMessage, lastError } = supervisor.info
  const { limits } = supervisor
  const { rate, buffered, position } = supervisor.buffer
  return {
    ...common,
    hasReceiver: true,
    active,
    lastErrorTime,
    lastErrorMessage,
    lastError,
    buffer: { ...buffered, maxRecords: limits.maxBufferedRecords, maxBytes: limits.maxBufferedBytes },
    ...(rate === Infinity ? {} : { rateLimit: rate }),
    ...(position === undefined ? {} : { position }),
  }
}

/** Returns the numbers of a lag that are known. */
function known(lag: SourceLag): NonNullable<SourceView['lag']> {
  const { records, bytes, files } = lag
  return {
    ...(records === undefined ? {} : { records }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(files === undefined ? {} : { files }),
  }
}

function nodesOf(graph: Graph, retentionMs: ReadonlyMap<Operator, number>): readonly JobNode[] {
  const more = [
    ...graph.nodes.map(({ operator, definedAt }) => ({ source: operator.source === true, definedAt })),
    ...graph.outputs.map(({ index, definedAt }) => ({ source: false, outputIndex: index, definedAt })),
  ]
  return planOf(graph, retentionMs).nodes.map(({ checkpointMs: _, ...node }, i) => ({ ...node, ...more[i]! }))
}
