import type { SkippedRecords } from './events.js'

/** The durations of the steps of a batch, in milliseconds. */
export type StepDurations = Readonly<Record<'allocate' | 'evaluate' | 'commit' | 'forget' | 'total', number>>

/** An output that batches wait for, or that has given batches up. */
export interface OutputProgress {
  readonly id: string
  /** The batches that the output is not done with. */
  readonly pendingBatches: number
  /** The bytes that are kept for them. */
  readonly pendingBytes: number
  /** The batches that were given up in this run of the program. */
  readonly skippedBatches: number
}

/**
 * The tasks since the batch before: partitions that were combined by key on their own, made for several readers, or given to
 * `foreachPartition`, and buckets of keys that were merged on a cluster.
 */
export interface TaskFigures {
  readonly onMainThread: number
  readonly onWorkers: number
  /** Those that a worker could not do, so that the main thread has done them. */
  readonly repeated: number
}

/** The figures of one batch. `recentProgress` has the last 100. */
export interface BatchProgress {
  readonly batchTime: number
  readonly numInputRecords: number
  /** Input records divided by the batch interval. */
  readonly inputRowsPerSecond: number
  /** Input records divided by the duration of the batch, which counts as at least one millisecond. */
  readonly processedRowsPerSecond: number
  readonly durationMs: StepDurations
  readonly sources: readonly object[]
  /** The records left out since the batch before, as `onRecordError` said or because they do not decode. */
  readonly skippedRecords: SkippedRecords
  /** One entry per state: the id of its operator, with the name of the state where the operator has several. */
  readonly stateOperators: readonly { id: string; keys: number; updated: number; removed: number }[]
  /** The outputs that are behind or have given batches up; empty when all is well. */
  readonly outputs: readonly OutputProgress[]
  /** The work by thread, of a context with the option `threads`. */
  readonly tasks?: TaskFigures
}

/** The figures of all batches since the start of a context. */
export interface ProgressTotals {
  readonly numBatches: number
  readonly numInputRecords: number
  readonly skippedRecords: SkippedRecords
}

const MAX_BATCHES = 100

/** The figures of the last hundred batches, and the sums over all. */
export class ProgressLog {
  readonly #recent: BatchProgress[] = []
  #numBatches = 0
  #numInputRecords = 0
  /** Operator id → records left out: in all, and those that no batch has reported yet. */
  readonly #skipped = new Map<string, number>()
  #unreported = new Map<string, number>()
  /** Called with the figures of each batch. */
  onAdd: ((progress: BatchProgress) => void) | undefined

  /** Counts a record that is left out. A record that is evaluated again, in another attempt of an output, counts again. */
  skip(operator: string): void {
    for (const counts of [this.#skipped, this.#unreported]) counts.set(operator, (counts.get(operator) ?? 0) + 1)
  }

  /** Returns the counts since the last call, for the report of a batch. */
  takeSkipped(): SkippedRecords {
    const taken = Object.fromEntries(this.#unreported)
    this.#unreported = new Map()
    return taken
  }

  get totals(): ProgressTotals {
    return {
      numBatches: this.#numBatches,
      numInputRecords: this.#numInputRecords,
      skippedRecords: Object.fromEntries(this.#skipped),
    }
  }

  add(progress: BatchProgress): void {
    this.#numBatches++
    this.#numInputRecords += progress.numInputRecords
    this.#recent.push(progress)
    if (this.#recent.length > MAX_BATCHES) this.#recent.shift()
    this.onAdd?.(progress)
  }

  get last(): BatchProgress | undefined {
    return this.#recent.at(-1)
  }

  get recent(): readonly BatchProgress[] {
    return [...this.#recent]
  }
}
