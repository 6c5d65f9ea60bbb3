/** The input of a batch from one stream. */
export interface StreamInputInfo {
  /** The number of the stream, from 0 in order of definition. */
  readonly inputStreamId: number
  readonly numRecords: number
  /** Data about the input. Its `Description`, if present, is the text that a page shows. */
  readonly metadata: Readonly<Record<string, unknown>>
}

/** Operator id → number of its records that were left out; an operator without such records is not in it. */
export type SkippedRecords = Readonly<Record<string, number>>

/** One output operation of a batch. Times and durations are milliseconds; `undefined` while unknown. */
export interface OutputOperationInfo {
  readonly batchTime: number
  /** The index in order of registration, from 0; it never changes. */
  readonly id: number
  /** For example `print at stickers.js:12`. */
  readonly name: string
  /** The full call site of the output in the program. */
  readonly description: string
  readonly startTime?: number
  readonly endTime?: number
  readonly duration?: number
  /** The reason of a failure; absent without one. */
  readonly failureReason?: string
}

/**
 * One batch, with the figures that are known so far. All times and delays are milliseconds. The scheduling delay counts
 * from the tick, so it includes the wait for earlier batches (Spark counts from the time at which the jobs were queued). The
 * last batch of a graceful stop runs before its tick, and counts from its submission.
 */
export interface BatchInfo {
  readonly batchTime: number
  readonly streamIdToInputInfo: Readonly<Record<number, StreamInputInfo>>
  readonly submissionTime: number
  readonly processingStartTime?: number
  readonly processingEndTime?: number
  /** The time from the tick to the start of processing. */
  readonly schedulingDelay?: number
  /** The time from the start of processing to its end. */
  readonly processingDelay?: number
  /** The sum of both. */
  readonly totalDelay?: number
  /** The records of all input streams. */
  readonly numRecords: number
  /** The records left out since the batch before, as `onRecordError` said or because they do not decode; empty until the batch is completed. */
  readonly skippedRecords: SkippedRecords
  readonly outputOperationInfos: Readonly<Record<number, OutputOperationInfo>>
}

/** One receiver and its last error. */
export interface ReceiverInfo {
  readonly streamId: number
  readonly name: string
  readonly active: boolean
  /** The message of the last report, restart or stop; empty before that. */
  readonly lastErrorMessage: string
  /** The error with its stack; empty without one. */
  readonly lastError: string
  /** The time of that error in milliseconds since the epoch; -1 without one. */
  readonly lastErrorTime: number
}

/** All events, as plain data. Metrics, progress and pages are folds over them. */
export interface StreamingEvents {
  /** `start()` has completed. `time` is in milliseconds since the epoch. */
  streamingStarted: { time: number }
  /**
   * The next batch is more than one interval ahead of the clock: the clock was set back, or the last commit is of a later
   * time. Emitted at once, and every minute as long as it is so. Times in milliseconds since the epoch.
   */
  clockBehind: { time: number; nextBatchTime: number }
  receiverStarted: { receiverInfo: ReceiverInfo }
  receiverError: { receiverInfo: ReceiverInfo }
  receiverStopped: { receiverInfo: ReceiverInfo }
  /** A batch is due: its tick has come. */
  batchSubmitted: { batchInfo: BatchInfo }
  /** The first output of a batch begins. */
  batchStarted: { batchInfo: BatchInfo }
  /** The last output of a batch has ended, successfully or not. */
  batchCompleted: { batchInfo: BatchInfo }
  outputOperationStarted: { outputOperationInfo: OutputOperationInfo }
  outputOperationCompleted: { outputOperationInfo: OutputOperationInfo }
}

/** Spark's listener: one optional method for each event, such as `onBatchCompleted` or `onReceiverError`. */
export type StreamingListener = {
  [E in keyof StreamingEvents as `on${Capitalize<E>}`]?: (event: StreamingEvents[E]) => void
}
