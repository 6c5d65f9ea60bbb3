import type { BatchInfo, OutputOperationInfo, ReceiverInfo, StreamingEvents, StreamingListener } from './events.js'
import { CountedDelays, type DelayHistogram } from './delay-histogram.js'
import type { BatchProgress, StepDurations } from './progress.js'

/** The state of a batch, in the words of Spark. */
export type BatchStatus = 'QUEUED' | 'PROCESSING' | 'COMPLETED'

/** The figures of an operator in one batch. */
export interface OperatorFigures {
  /** The records that passed it; `undefined` where nothing has counted them. */
  readonly in: number | undefined
  readonly out: number | undefined
  /** The time that it took, in milliseconds, pauses left out; `undefined` where nothing of it ran. */
  readonly spentMs: number | undefined
  /** The bytes that a source has received for the batch; `undefined` for every other operator, and for records. */
  readonly bytes: number | undefined
  /** The operator at the end of the loop in which this one's function runs, where it is another: it has the time of the loop. */
  readonly loop: string | undefined
}

/** The process at the end of a batch. */
export interface SystemSample {
  readonly heapBytes: number
  /** The longest delay of the event loop since the sample before, in milliseconds. */
  readonly loopDelayMs: number
  readonly bufferedRecords: number
  readonly bufferedBytes: number
  /** The lowest limit on the rate of a source, in records per second; absent without one. */
  readonly rateLimit?: number | undefined
}

/** One output of one batch, with all its attempts. */
export interface OutputOfBatch extends OutputOperationInfo {
  readonly attempts: number
}

/** A batch with all that is known of it. */
export interface BatchRecord {
  readonly info: BatchInfo
  readonly status: BatchStatus
  /** The outputs by index. An attempt that came after the batch is among them. */
  readonly outputs: ReadonlyMap<number, OutputOfBatch>
  readonly operators?: ReadonlyMap<string, OperatorFigures>
  readonly steps?: StepDurations
  readonly system?: SystemSample
  /** The version of the metrics at the last change of this record. */
  readonly version: number
}

/** The figures of one output since the start. */
export interface OutputFigures {
  readonly index: number
  readonly name: string
  readonly attempts: number
  readonly failures: number
  readonly lastDurationMs: number | undefined
  readonly lastFailureReason: string | undefined
  readonly lastFailureTime: number | undefined
}

/** The figures of one receiver since the start. */
export interface ReceiverFigures extends ReceiverInfo {
  readonly starts: number
  readonly errors: number
}

const RETAINED_BATCHES = 1000

/** Folds the events of a job into the figures that pages and metrics show. The last 1,000 completed batches are retained. */
export class JobMetrics implements StreamingListener {
  readonly processingDelay: DelayHistogram = new CountedDelays()
  readonly totalDelay: DelayHistogram = new CountedDelays()
  readonly schedulingDelay: DelayHistogram = new CountedDelays()
  readonly #batches = new Map<number, BatchRecord>()
  readonly #outputs = new Map<number, OutputFigures>()
  readonly #receivers = new Map<number, ReceiverFigures>()
  readonly #recordsOfStream = new Map<number, number>()
  readonly #sample: () => SystemSample | undefined
  #version = 0
  #numCompleted = 0
  #numReceived = 0
  #numProcessed = 0
  #lastReceived: BatchInfo | undefined
  #lastProgress: BatchProgress | undefined
  #numFailedAttempts = 0
  /** Called after each change. */
  onChange: (() => void) | undefined

  /** @param sample measures the process; called at the end of each batch */
  constructor(sample: () => SystemSample | undefined = () => undefined) {
    this.#sample = sample
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version
  }

  /** The batches that are known, oldest first: those in process, and the retained completed ones. */
  get batches(): readonly BatchRecord[] {
    return [...this.#batches.values()]
  }

  batch(time: number): BatchRecord | undefined {
    return this.#batches.get(time)
  }

  get outputs(): readonly OutputFigures[] {
    return [...this.#outputs.values()]
  }

  get receivers(): readonly ReceiverFigures[] {
    return [...this.#receivers.values()]
  }

  /** The records of each stream in all completed batches. */
  get recordsOfStream(): ReadonlyMap<number, number> {
    return this.#recordsOfStream
  }

  /** The last batch that was submitted. */
  get lastReceived(): BatchInfo | undefined {
    return this.#lastReceived
  }

  get lastProgress(): BatchProgress | undefined {
    return this.#lastProgress
  }

  get totals(): { completed: number; received: number; processed: number; failedAttempts: number } {
    return {
      completed: this.#numCompleted,
      received: this.#numReceived,
      processed: this.#numProcessed,
      failedAttempts: this.#numFailedAttempts,
    }
  }

  /** Returns the batches that have changed after a version, oldest first. */
  since(version: number): readonly BatchRecord[] {
    return this.batches.filter((batch) => batch.version > version)
  }

  onReceiverStarted({ receiverInfo }: StreamingEvents['receiverStarted']): void {
    this.#receiver(receiverInfo, 1, 0)
  }

  onReceiverError({ receiverInfo }: StreamingEvents['receiverError']): void {
    this.#receiver(receiverInfo, 0, 1)
  }

  onReceiverStopped({ receiverInfo }: StreamingEvents['receiverStopped']): void {
    this.#receiver(receiverInfo, 0, 0)
  }

  onBatchSubmitted({ batchInfo }: StreamingEvents['batchSubmitted']): void {
    this.#lastReceived = batchInfo
    this.#put(batchInfo, 'QUEUED')
  }

  onBatchStarted({ batchInfo }: StreamingEvents['batchStarted']): void {
    this.#numReceived += batchInfo.numRecords
    this.#lastReceived = batchInfo
    this.#put(batchInfo, 'PROCESSING')
  }

  onBatchCompleted({ batchInfo }: StreamingEvents['batchCompleted']): void {
    const { processingDelay, totalDelay, schedulingDelay, numRecords } = batchInfo
    // Bytes whose records are only known once they are decoded count when the batch is done.
    this.#numReceived += numRecords - (this.#batches.get(batchInfo.batchTime)?.info.numRecords ?? 0)
    this.#numCompleted++
    this.#numProcessed += numRecords
    if (this.#lastReceived?.batchTime === batchInfo.batchTime) this.#lastReceived = batchInfo
    for (const { inputStreamId, numRecords: records } of Object.values(batchInfo.streamIdToInputInfo)) {
      this.#recordsOfStream.set(inputStreamId, (this.#recordsOfStream.get(inputStreamId) ?? 0) + records)
    }
    const add = (histogram: DelayHistogram, value: number | undefined): void => {
      if (value !== undefined) (histogram as CountedDelays).add(value)
    }
    add(this.processingDelay, processingDelay)
    add(this.totalDelay, totalDelay)
    add(this.schedulingDelay, schedulingDelay)
    this.#put(batchInfo, 'COMPLETED', { system: this.#sample() })
    this.#retain()
  }

  onOutputOperationStarted({ outputOperationInfo }: StreamingEvents['outputOperationStarted']): void {
    const known = this.#output(outputOperationInfo)
    this.#outputs.set(known.index, { ...known, attempts: known.attempts + 1 })
    this.#ofBatch(outputOperationInfo, 1)
  }

  onOutputOperationCompleted({ outputOperationInfo }: StreamingEvents['outputOperationCompleted']): void {
    const { id, duration, failureReason, endTime } = outputOperationInfo
    const known = this.#output(outputOperationInfo)
    const failed = failureReason !== undefined
    if (failed) this.#numFailedAttempts++
    this.#outputs.set(id, {
      ...known,
      failures: known.failures + (failed ? 1 : 0),
      lastDurationMs: duration,
      ...(failed ? { lastFailureReason: failureReason, lastFailureTime: endTime } : {}),
    })
    this.#ofBatch(outputOperationInfo, 0)
  }

  /** Takes the figures that a batch has once it is committed. */
  progressed(progress: BatchProgress): void {
    this.#lastProgress = progress
    const known = this.#batches.get(progress.batchTime)
    if (known !== undefined) this.#set({ ...known, steps: progress.durationMs })
  }

  /** Takes the figures of each operator in a batch. */
  operatorsDone(batchTime: number, operators: ReadonlyMap<string, OperatorFigures>): void {
    const known = this.#batches.get(batchTime)
    if (known !== undefined) this.#set({ ...known, operators })
  }

  /** Says that something beside the batches has changed. */
  touched(): void {
    this.#version++
    this.onChange?.()
  }

  #put(info: BatchInfo, status: BatchStatus, more: { readonly system?: SystemSample | undefined } = {}): void {
    const known = this.#batches.get(info.batchTime)
    const { system } = more
    this.#set({
      ...known,
      info,
      status,
      outputs: known?.outputs ?? new Map(),
      ...(system === undefined ? {} : { system }),
    })
  }

  #set(record: Omit<BatchRecord, 'version'>): void {
    this.#batches.set(record.info.batchTime, { ...record, version: this.#version + 1 })
    this.touched()
  }

  /** An attempt after a restart can be on a batch that this run has not submitted: it counts for its output only. */
  #ofBatch(info: OutputOperationInfo, attempts: number): void {
    const batch = this.#batches.get(info.batchTime)
    if (batch === undefined) return
    const outputs = new Map(batch.outputs)
    outputs.set(info.id, { ...info, attempts: (outputs.get(info.id)?.attempts ?? 0) + attempts })
    this.#set({ ...batch, outputs })
  }

  #output({ id, name }: OutputOperationInfo): OutputFigures {
    return (
      this.#outputs.get(id) ?? {
        index: id,
        name,
        attempts: 0,
        failures: 0,
        lastDurationMs: undefined,
        lastFailureReason: undefined,
        lastFailureTime: undefined,
      }
    )
  }

  #receiver(info: ReceiverInfo, starts: number, errors: number): void {
    const known = this.#receivers.get(info.streamId)
    this.#receivers.set(info.streamId, {
      ...info,
      starts: (known?.starts ?? 0) + starts,
      errors: (known?.errors ?? 0) + errors,
    })
    this.touched()
  }

  #retain(): void {
    for (const [time, { status }] of this.#batches) {
      if (this.#batches.size <= RETAINED_BATCHES) return
      if (status === 'COMPLETED') this.#batches.delete(time)
    }
  }
}
