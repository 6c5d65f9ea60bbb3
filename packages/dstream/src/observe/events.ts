/** What one input stream gave to a batch. */
export interface StreamInputInfo {
  readonly inputStreamId: number
  readonly numRecords: number
  /** `Description`, when there is one, is the text a page shows. */
  readonly metadata: Readonly<Record<string, unknown>>
}

export interface OutputOperationInfo {
  readonly batchTime: number
  /** Place in the order of registration, from 0; it never shifts. */
  readonly id: number
  /** `print at stickers.js:12`. */
  readonly name: string
  readonly description: string
  readonly startTime?: number
  readonly endTime?: number
  readonly duration?: number
  readonly failureReason?: string
}

/**
 * One batch, as far as it has come. All delays are milliseconds and count from the tick, so a batch that had to wait for
 * an earlier one shows it (Spark's start when the jobs were queued); `undefined` while unknown.
 */
export interface BatchInfo {
  readonly batchTime: number
  readonly streamIdToInputInfo: Readonly<Record<number, StreamInputInfo>>
  readonly submissionTime: number
  readonly processingStartTime?: number
  readonly processingEndTime?: number
  readonly schedulingDelay?: number
  readonly processingDelay?: number
  readonly totalDelay?: number
  readonly numRecords: number
  readonly outputOperationInfos: Readonly<Record<number, OutputOperationInfo>>
}

export interface ReceiverInfo {
  readonly streamId: number
  readonly name: string
  readonly active: boolean
  readonly lastErrorMessage: string
  readonly lastError: string
  readonly lastErrorTime: number
}

/** Everything that can happen, as plain data. Metrics, progress and pages are folds over it. */
export interface StreamingEvents {
  streamingStarted: { time: number }
  receiverStarted: { receiverInfo: ReceiverInfo }
  receiverError: { receiverInfo: ReceiverInfo }
  receiverStopped: { receiverInfo: ReceiverInfo }
  batchSubmitted: { batchInfo: BatchInfo }
  batchStarted: { batchInfo: BatchInfo }
  batchCompleted: { batchInfo: BatchInfo }
  outputOperationStarted: { outputOperationInfo: OutputOperationInfo }
  outputOperationCompleted: { outputOperationInfo: OutputOperationInfo }
}

/** Spark's listener: any of `onBatchCompleted`, `onReceiverError` and so on, one method an event. */
export type StreamingListener = {
  [E in keyof StreamingEvents as `on${Capitalize<E>}`]?: (event: StreamingEvents[E]) => void
}
