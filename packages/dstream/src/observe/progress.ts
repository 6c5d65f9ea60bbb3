/** How long the steps of a batch took, in milliseconds. */
export type StepDurations = Readonly<Record<'allocate' | 'evaluate' | 'commit' | 'forget' | 'total', number>>

/** One batch in figures. The last 100 are kept (`recentProgress`). */
export interface BatchProgress {
  readonly batchTime: number
  readonly numInputRecords: number
  /** Over the batch interval. */
  readonly inputRowsPerSecond: number
  /** Over the time the batch took, at least one millisecond. */
  readonly processedRowsPerSecond: number
  readonly durationMs: StepDurations
  readonly sources: readonly object[]
  readonly stateOperators: readonly { id: string; keys: number; updated: number; removed: number; bytes?: number }[]
}

const KEPT = 100

/** The last hundred batches. */
export class ProgressLog {
  readonly #recent: BatchProgress[] = []

  add(progress: BatchProgress): void {
    this.#recent.push(progress)
    if (this.#recent.length > KEPT) this.#recent.shift()
  }

  get last(): BatchProgress | undefined {
    return this.#recent.at(-1)
  }

  get recent(): readonly BatchProgress[] {
    return [...this.#recent]
  }
}
