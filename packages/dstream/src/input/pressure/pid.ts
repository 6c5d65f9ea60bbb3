import { badPid } from '../../base/errors/receive.js'

export interface PidOptions {
  /** Weight of the present error; default 1.0. */
  readonly proportional?: number | undefined
  /** Weight of the records that have piled up, which the scheduling delay shows; default 0.2. */
  readonly integral?: number | undefined
  /** Weight of the error's change; default 0.0. */
  readonly derived?: number | undefined
  /** The lowest rate that is estimated, in records per second; default 100. */
  readonly minRate?: number | undefined
}

/** The figures of a finished batch. Times are milliseconds. */
export interface BatchFigures {
  /** The end of its processing. */
  readonly time: number
  readonly numRecords: number
  readonly processingDelay: number
  readonly schedulingDelay: number
}

/**
 * Estimates the rate that batches can keep up with, by Spark's formula (reference: `PIDRateEstimator`). The error is the
 * last rate minus the processing rate. The new rate is the last one minus P × the error, minus I × the processing rate ×
 * the scheduling delay ÷ the batch interval, minus D × the change of the error per second.
 *
 * @example
 * const pid = new PidRateEstimator(1000)
 * pid.estimate({ time: 1000, numRecords: 500, processingDelay: 500, schedulingDelay: 0 }) // undefined: the first batch only measures
 * pid.estimate({ time: 2000, numRecords: 500, processingDelay: 1000, schedulingDelay: 100 }) // 490
 */
export class PidRateEstimator {
  readonly #batchMs: number
  readonly #p: number
  readonly #i: number
  readonly #d: number
  readonly #minRate: number
  #latest: { readonly time: number; readonly rate: number; readonly error: number } | undefined

  /** @throws `bad-backpressure` for a weight below 0, and for a minimum rate or an interval that is not above 0 */
  constructor(batchMs: number, options: PidOptions = {}) {
    const { proportional = 1, integral = 0.2, derived = 0, minRate = 100 } = options
    this.#batchMs = above0('Specified batch interval', batchMs)
    this.#p = atLeast0('Proportional term', proportional)
    this.#i = atLeast0('Integral term', integral)
    this.#d = atLeast0('Derivative term', derived)
    this.#minRate = above0('Minimum rate', minRate)
  }

  /**
   * Returns the new rate in records per second. `undefined` for the first batch, and for one that shows no rate: without
   * records, without a processing time, or older than the last one.
   */
  estimate({ time, numRecords, processingDelay, schedulingDelay }: BatchFigures): number | undefined {
    const latest = this.#latest
    if (time <= (latest?.time ?? -1) || numRecords <= 0 || processingDelay <= 0) return undefined
    const processingRate = (numRecords / processingDelay) * 1000
    if (latest === undefined) {
      this.#latest = { time, rate: processingRate, error: 0 }
      return undefined
    }
    const error = latest.rate - processingRate
    const historicalError = (schedulingDelay * processingRate) / this.#batchMs
    const errorPerSecond = (error - latest.error) / ((time - latest.time) / 1000)
    const change = this.#p * error + this.#i * historicalError + this.#d * errorPerSecond
    const rate = Math.max(this.#minRate, latest.rate - change)
    this.#latest = { time, rate, error }
    return rate
  }
}

function atLeast0(what: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value
  throw badPid(what, '>= 0', value)
}

function above0(what: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value
  throw badPid(what, '> 0', value)
}
