import type { Clock, Logger, Storage } from '../base/ports.js'
import { operatorRecords } from '../engine/batch/operator-records.js'
import type { InputSources } from '../input/sources/input-sources.js'
import { JobMetrics } from '../observe/job-metrics.js'
import type { JobMeter, Meter } from '../observe/job-meter.js'
import type { ListenerBus } from '../observe/listener-bus.js'
import { MeteredStorage } from '../observe/metered-storage.js'
import type { ProgressLog } from '../observe/progress.js'
import { processSampler, steadyNow, type ProcessSampler } from '../platform/process-sampler.js'
import { Profile } from '../rdd/plan/profile.js'
import type { Graph } from '../streams/graph/graph.js'
import type { GraphEvaluation } from '../streams/graph/graph-evaluation.js'
import type { OpenUi } from '../ui/open-ui.js'
import type { UiOptions } from '../ui/ui-options.js'
import { ContextView, sampleOf, type ContextParts } from './job-view.js'

export interface JobFiguresParts extends Omit<ContextParts, 'metrics' | 'storage'> {
  /** The options of the page; `undefined` for none. */
  readonly ui: UiOptions | undefined
  readonly bus: ListenerBus
  readonly progress: ProgressLog
  readonly logger: Logger
}

/** The figures of a context, from the start on, for its page and for the program's meter. */
export class JobFigures {
  readonly metrics: JobMetrics
  /** Measures the evaluation, where there is a page that shows it. */
  readonly profile: Profile | undefined
  readonly #parts: JobFiguresParts
  readonly #sampler: ProcessSampler
  #storage: MeteredStorage | undefined
  #open: OpenUi | undefined
  #meter: JobMeter | undefined

  constructor(parts: JobFiguresParts) {
    const { inputs, bus, progress, board } = parts
    this.#parts = parts
    this.profile = parts.ui && new Profile(steadyNow)
    this.#sampler = processSampler()
    this.metrics = new JobMetrics(() => this.#sample(inputs))
    bus.addListener(this.metrics)
    progress.onAdd = (batch) => this.metrics.progressed(batch)
    board.onChange = () => this.metrics.touched()
  }

  /** Returns the storage through which the checkpoint is to be written, so that its writes are measured. */
  metered(storage: Storage, clock: Clock): Storage {
    this.#storage = new MeteredStorage(storage, clock)
    return this.#storage
  }

  /**
   * Opens the page, whose code no program without one loads, and gives the metrics to a meter.
   *
   * @throws `ui-not-opened`, `ui-shared`
   */
  async open(meter: Meter | undefined): Promise<void> {
    const { ui, logger, bus } = this.#parts
    const view = new ContextView({ ...this.#parts, metrics: this.metrics, storage: this.#storage })
    if (ui !== undefined) {
      const { openUi } = await import('../ui/index.js')
      this.#open = await openUi(view, ui, logger)
    }
    if (meter === undefined) return
    const { JobMeter: OfJob } = await import('../observe/job-meter.js')
    this.#meter = new OfJob(meter, view)
    bus.addListener(this.#meter)
  }

  /** The address of the page while it is open. */
  get url(): string | undefined {
    return this.#open?.url
  }

  /** Takes the records and the time of each operator in a batch. */
  async evaluated(graph: Graph, evaluation: GraphEvaluation, time: number): Promise<void> {
    const records = await operatorRecords(graph, evaluation, time)
    const times = this.profile?.take()
    const received = this.#received(graph, time)
    const figures = [...records].map(([id, passed]) => {
      const { ms: spentMs, loop } = times?.get(id) ?? {}
      return [id, { ...passed, spentMs, loop, bytes: received.get(id) }] as const
    })
    this.metrics.operatorsDone(time, new Map(figures))
  }

  /** Returns the bytes that each source has received for a batch; records that no bytes came of have none. */
  #received(graph: Graph, time: number): ReadonlyMap<string, number> {
    const { inputs, engine } = this.#parts
    const allocation = engine()?.journal.allocation(time)
    const bytes = new Map<string, number>()
    for (const { streamId, operator } of inputs.all) {
      const blocks = (allocation?.blocks.get(streamId) ?? []).flatMap(({ payload }) =>
        'bytes' in payload ? payload.bytes.length : [],
      )
      if (blocks.length > 0)
        bytes.set(
          graph.node(operator).id,
          blocks.reduce((sum, length) => sum + length, 0),
        )
    }
    return bytes
  }

  async close(): Promise<void> {
    this.#sampler.stop()
    this.#meter?.close()
    await this.#open?.close()
    this.#open = undefined
  }

  #sample(inputs: InputSources): ReturnType<typeof sampleOf> {
    const { heapBytes, loopDelayMs } = this.#sampler.sample()
    return sampleOf(inputs, heapBytes, loopDelayMs)
  }
}
