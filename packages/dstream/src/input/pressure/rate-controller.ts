import type { BatchInfo } from '../../observe/events.js'
import { PidRateEstimator } from './pid.js'
import type { PidOptions } from './pid.js'

export interface RateControllerOptions extends PidOptions {
  readonly batchMs: number
  /** Sets the rate of a stream, in whole records per second. */
  publish(streamId: number, recordsPerSecond: number): void
}

/**
 * Backpressure: estimates after each batch, failed or not, the rate of every input stream and publishes it to the source.
 * Reference: `RateController`.
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
    // Bad options are refused here, not in the first batch.
    this.#makeEstimator()
  }

  batchCompleted(batch: BatchInfo): void {
    const { processingEndTime: time, processingDelay, schedulingDelay } = batch
    if (time === undefined || processingDelay === undefined || schedulingDelay === undefined) return
    for (const { inputStreamId, numRecords } of Object.values(batch.streamIdToInputInfo)) {
      const rate = this.#estimator(inputStreamId).estimate({ time, numRecords, processingDelay, schedulingDelay })
      // Spark publishes a whole number and cuts the fraction off.
      if (rate !== undefined) this.#publish(inputStreamId, Math.trunc(rate))
    }
  }

  #estimator(streamId: number): PidRateEstimator {
    let estimator = this.#estimators.get(streamId)
    if (estimator === undefined) this.#estimators.set(streamId, (estimator = this.#makeEstimator()))
    return estimator
  }
}
