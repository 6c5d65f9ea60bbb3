import type { BatchInfo, OutputOperationInfo, SkippedRecords, StreamInputInfo } from './events.js'

/** Collects the figures of one batch and returns them as the `BatchInfo` of each event. */
export class BatchReport {
  readonly time: number
  readonly #submittedMs: number
  #inputs: Readonly<Record<number, StreamInputInfo>>
  readonly #outputs: Record<number, OutputOperationInfo> = {}
  #startedMs: number | undefined
  #endedMs: number | undefined
  #skipped: SkippedRecords = {}

  constructor(time: number, submittedMs: number, inputs: readonly StreamInputInfo[]) {
    this.time = time
    this.#submittedMs = submittedMs
    this.#inputs = byStream(inputs)
  }

  /** Replaces the inputs once received bytes have been decoded and counted. */
  setInputs(inputs: readonly StreamInputInfo[]): void {
    this.#inputs = byStream(inputs)
  }

  started(nowMs: number): void {
    this.#startedMs = nowMs
  }

  output(info: OutputOperationInfo): OutputOperationInfo {
    this.#outputs[info.id] = info
    return info
  }

  ended(nowMs: number, skipped: SkippedRecords = {}): void {
    this.#endedMs = nowMs
    this.#skipped = skipped
  }

  get inputs(): readonly StreamInputInfo[] {
    return Object.values(this.#inputs)
  }

  get numRecords(): number {
    return Object.values(this.#inputs).reduce((sum, info) => sum + info.numRecords, 0)
  }

  info(): BatchInfo {
    const started = this.#startedMs
    const ended = this.#endedMs
    // The last batch of a stop runs before its tick: it has waited for nothing.
    const dueMs = Math.min(this.time, this.#submittedMs)
    return {
      batchTime: this.time,
      streamIdToInputInfo: this.#inputs,
      submissionTime: this.#submittedMs,
      ...(started === undefined ? {} : { processingStartTime: started, schedulingDelay: started - dueMs }),
      ...(ended === undefined || started === undefined
        ? {}
        : { processingEndTime: ended, processingDelay: ended - started, totalDelay: ended - dueMs }),
      numRecords: this.numRecords,
      skippedRecords: this.#skipped,
      outputOperationInfos: { ...this.#outputs },
    }
  }
}

function byStream(inputs: readonly StreamInputInfo[]): Readonly<Record<number, StreamInputInfo>> {
  return Object.fromEntries(inputs.map((info) => [info.inputStreamId, info]))
}
