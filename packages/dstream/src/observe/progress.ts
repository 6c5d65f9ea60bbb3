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
  readonly stateOperators: readonly { id: string; keys: number; updated: number; removed: number; bytes?: number }[]
  /** The outputs that are behind or have given batches up; empty when all is well. */
  readonly outputs: readonly OutputProgress[]
}

const MAX_BATCHES = 100

/** The figures of the last hundred batches. */
export class ProgressLog {
  readonly #recent: BatchProgress[] = []

  add(progress: BatchProgress): void {
    this.#recent.push(progress)
    if (this.#recent.length > MAX_BATCHES) this.#recent.shift()
  }

  get last(): BatchProgress | undefined {
    return this.#recent.at(-1)
  }

  get recent(): readonly BatchProgress[] {
    return [...this.#recent]
  }
}
