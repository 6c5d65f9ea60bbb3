import { badPid } from '../../base/errors/receive.js'

export interface PidOptions {
  /** Weight of the present error; 1.0. */
  readonly proportional?: number | undefined
  /** Weight of what has piled up, told from the scheduling delay; 0.2. */
  readonly integral?: number | undefined
  /** Weight of the error's change; 0.0. */
  readonly derived?: number | undefined
  /** No rate below this, in records per second; 100. */
  readonly minRate?: number | undefined
}

/** What a batch that is done tells; milliseconds. */
export interface BatchFigures {
  /** When its processing ended. */
  readonly time: number
  readonly numRecords: number
  readonly processingDelay: number
  readonly schedulingDelay: number
}

/**
 * Spark's estimator of the rate that batches can keep up with, exactly (reference: `PIDRateEstimator`): the last rate,
 * less P × how far it lay above the speed of processing, less I × what the scheduling delay has let pile up, less D × how
 * fast the error changes.
 *
 * @example
 * const pid = new PidRateEstimator(1000)
 * pid.estimate({ time: 1000, numRecords: 500, processingDelay: 500, schedulingDelay: 0 }) // undefined: the first only measures
 * pid.estimate({ time: 2000, numRecords: 500, processingDelay: 1000, schedulingDelay: 100 }) // 490
 */
export class PidRateEstimator {
  readonly #batchMs: number
  readonly #p: number
  readonly #i: number
  readonly #d: number
  readonly #minRate: number
  #latest: { readonly time: number; readonly rate: number; readonly error: number } | undefined

  /** @throws `bad-backpressure` for weights below zero, a least rate or an interval that is not above zero */
  constructor(batchMs: number, options: PidOptions = {}) {
    const { proportional = 1, integral = 0.2, derived = 0, minRate = 100 } = options
    this.#batchMs = above0('Specified batch interval', batchMs)
    this.#p = atLeast0('Proportional term', proportional)
    this.#i = atLeast0('Integral term', integral)
    this.#d = atLeast0('Derivative term', derived)
    this.#minRate = above0('Minimum rate', minRate)
  }

  /** The new rate in records per second; `undefined` where the batch tells nothing, and after the first that does. */
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
