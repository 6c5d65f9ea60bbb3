import type { BatchInfo } from '../../observe/events.js'
import { PidRateEstimator } from './pid.js'
import type { PidOptions } from './pid.js'

export interface RateControllerOptions extends PidOptions {
  readonly batchMs: number
  /** A new rate for a stream, whole records per second. */
  publish(streamId: number, recordsPerSecond: number): void
}

/**
 * Backpressure: after each batch, failed or not, tells every stream how fast it may go on. The only arrow that points
 * from the end of a batch back to its sources. Reference: `RateController`.
 */
export class RateController {
  readonly #publish: (streamId: number, recordsPerSecond: number) => void
  readonly #makeEstimator: () => PidRateEstimator
  readonly #estimators = new Map<number, PidRateEstimator>()

  /** @throws `bad-backpressure` */
  constructor(options: RateControllerOptions) {
    const { batchMs, publish, ...pid } = options
    this.#publish = publish
    this.#makeEstimator = () => new PidRateEstimator(batchMs, pid)
    // What is wrong with the options shows here, not in the first batch.
    this.#makeEstimator()
  }

  batchCompleted(batch: BatchInfo): void {
    const { processingEndTime: time, processingDelay, schedulingDelay } = batch
    if (time === undefined || processingDelay === undefined || schedulingDelay === undefined) return
    for (const { inputStreamId, numRecords } of Object.values(batch.streamIdToInputInfo)) {
      const rate = this.#estimator(inputStreamId).estimate({ time, numRecords, processingDelay, schedulingDelay })
      // Spark publishes a long: the fraction is cut off.
      if (rate !== undefined) this.#publish(inputStreamId, Math.trunc(rate))
    }
  }

  #estimator(streamId: number): PidRateEstimator {
    let estimator = this.#estimators.get(streamId)
    if (estimator === undefined) this.#estimators.set(streamId, (estimator = this.#makeEstimator()))
    return estimator
  }
}
