/** What one input stream gave to a batch. */
export interface StreamInputInfo {
  /** The number of the stream, from 0 in order of definition. */
  readonly inputStreamId: number
  readonly numRecords: number
  /** `Description`, when there is one, is the text a page shows. */
  readonly metadata: Readonly<Record<string, unknown>>
}

/** One output on one batch. Times and durations are milliseconds; `undefined` while unknown. */
export interface OutputOperationInfo {
  readonly batchTime: number
  /** Place in the order of registration, from 0; it never shifts. */
  readonly id: number
  /** `print at stickers.js:12`. */
  readonly name: string
  /** Where in the program the output was defined, in full. */
  readonly description: string
  readonly startTime?: number
  readonly endTime?: number
  readonly duration?: number
  /** What it failed of, if it did. */
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
  /** How long the batch has waited for earlier ones. */
  readonly schedulingDelay?: number
  /** How long it has taken from its start to its end. */
  readonly processingDelay?: number
  /** Both together. */
  readonly totalDelay?: number
  /** Of all input streams. */
  readonly numRecords: number
  readonly outputOperationInfos: Readonly<Record<number, OutputOperationInfo>>
}

/** One receiver, and the last that has gone wrong with it. */
export interface ReceiverInfo {
  readonly streamId: number
  readonly name: string
  readonly active: boolean
  /** Why it was last reported, restarted or stopped, in words; empty before that. */
  readonly lastErrorMessage: string
  /** The error with its stack. */
  readonly lastError: string
  /** When that was, in milliseconds since the epoch; -1 before it. */
  readonly lastErrorTime: number
}

/** Everything that can happen, as plain data. Metrics, progress and pages are folds over it. */
export interface StreamingEvents {
  /** `start()` is through; milliseconds since the epoch. */
  streamingStarted: { time: number }
  receiverStarted: { receiverInfo: ReceiverInfo }
  receiverError: { receiverInfo: ReceiverInfo }
  receiverStopped: { receiverInfo: ReceiverInfo }
  /** The tick of a batch has come. */
  batchSubmitted: { batchInfo: BatchInfo }
  /** Its first output begins. */
  batchStarted: { batchInfo: BatchInfo }
  /** Its last output has ended, well or not. */
  batchCompleted: { batchInfo: BatchInfo }
  outputOperationStarted: { outputOperationInfo: OutputOperationInfo }
  outputOperationCompleted: { outputOperationInfo: OutputOperationInfo }
}

/** Spark's listener: any of `onBatchCompleted`, `onReceiverError` and so on, one method an event. */
export type StreamingListener = {
  [E in keyof StreamingEvents as `on${Capitalize<E>}`]?: (event: StreamingEvents[E]) => void
}
