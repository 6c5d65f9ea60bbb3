import type { BatchInfo } from '../observe/events.js'
import { PidRateEstimator } from './pid.js'
import type { PidOptions } from './pid.js'

export interface RateControllerOptions extends PidOptions {
  readonly batchMs: number
  readonly streamIds: readonly number[]
  /** A new rate for a stream, whole records per second. */
  publish(streamId: number, recordsPerSecond: number): void
}

/**
 * Backpressure: after each batch, failed or not, tells every stream how fast it may go on. The only arrow that points
 * from the end of a batch back to its sources. Reference: `RateController`.
 */
export class RateController {
  readonly #publish: (streamId: number, recordsPerSecond: number) => void
  readonly #estimators: ReadonlyMap<number, PidRateEstimator>

  /** @throws `bad-backpressure` */
  constructor(options: RateControllerOptions) {
    const { batchMs, streamIds, publish, ...pid } = options
    this.#publish = publish
    this.#estimators = new Map(streamIds.map((id) => [id, new PidRateEstimator(batchMs, pid)]))
  }

  batchCompleted(batch: BatchInfo): void {
    const { processingEndTime: time, processingDelay, schedulingDelay } = batch
    if (time === undefined || processingDelay === undefined || schedulingDelay === undefined) return
    for (const [streamId, estimator] of this.#estimators) {
      const numRecords = batch.streamIdToInputInfo[streamId]?.numRecords ?? 0
      const rate = estimator.estimate({ time, numRecords, processingDelay, schedulingDelay })
      // Spark publishes a long: the fraction is cut off.
      if (rate !== undefined) this.#publish(streamId, Math.trunc(rate))
    }
  }
}
