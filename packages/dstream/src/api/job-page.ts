import type { Clock, Logger, Storage } from '../base/ports.js'
import { operatorRecords } from '../engine/batch/operator-records.js'
import type { InputSources } from '../input/sources/input-sources.js'
import { JobMetrics } from '../observe/job-metrics.js'
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

export interface JobPageParts extends Omit<ContextParts, 'metrics' | 'storage'> {
  readonly ui: UiOptions
  readonly bus: ListenerBus
  readonly progress: ProgressLog
  readonly logger: Logger
}

/** The page of a context: it collects figures from the start on, and serves them until the stop. */
export class JobPage {
  readonly metrics: JobMetrics
  /** Measures the evaluation. */
  readonly profile = new Profile(steadyNow)
  readonly #parts: JobPageParts
  readonly #sampler: ProcessSampler
  #storage: MeteredStorage | undefined
  #open: OpenUi | undefined

  constructor(parts: JobPageParts) {
    const { inputs, bus, progress, board } = parts
    this.#parts = parts
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

  /** Loads the server, which no program without a page loads, and opens it. @throws `ui-not-opened`, `ui-shared` */
  async open(): Promise<void> {
    const { ui, logger } = this.#parts
    const { openUi } = await import('../ui/index.js')
    this.#open = await openUi(
      new ContextView({ ...this.#parts, metrics: this.metrics, storage: this.#storage }),
      ui,
      logger,
    )
  }

  /** The address of the page while it is open. */
  get url(): string | undefined {
    return this.#open?.url
  }

  /** Takes the records and the time of each operator in a batch. */
  async evaluated(graph: Graph, evaluation: GraphEvaluation, time: number): Promise<void> {
    const records = await operatorRecords(graph, evaluation, time)
    const times = this.profile.take()
    const received = this.#received(graph, time)
    const figures = [...records].map(([id, passed]) => {
      const { ms: spentMs, loop } = times.get(id) ?? {}
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
    await this.#open?.close()
    this.#open = undefined
  }

  #sample(inputs: InputSources): ReturnType<typeof sampleOf> {
    const { heapBytes, loopDelayMs } = this.#sampler.sample()
    return sampleOf(inputs, heapBytes, loopDelayMs)
  }
}
