import { stderrLogger } from '../platform/logs/stderr-logger.js'
import type { BatchInfo, StreamingEvents, StreamingListener } from '../observe/events.js'
import { checkOptions, positiveInteger } from '../base/options.js'
import type { Logger } from '../base/ports.js'

/** What a `StatsReportListener` can be told. */
export interface StatsReportOptions {
  /** How many of the last batches a report covers; 10. */
  numBatches?: number | undefined
  /** Where the report goes, at level `info`; standard error. */
  logger?: Logger | undefined
}

const percents = [0, 5, 10, 25, 50, 75, 90, 95, 100]

/**
 * Reports, after each batch, how the total delay and the processing time of the last batches are distributed.
 * Reference: Spark's `StatsReportListener`.
 *
 * @example
 * ssc.addStreamingListener(new StatsReportListener({ numBatches: 20 }))
 */
export class StatsReportListener implements StreamingListener {
  readonly #numBatches: number
  readonly #logger: Logger
  readonly #batches: BatchInfo[] = []

  /** @throws `bad-option` unless `numBatches` is a whole number of at least 1 */
  constructor(options: StatsReportOptions = {}) {
    checkOptions('new StatsReportListener', options, ['numBatches', 'logger'])
    this.#numBatches = positiveInteger('new StatsReportListener', 'numBatches', options.numBatches ?? 10)
    this.#logger = options.logger ?? stderrLogger
  }

  onBatchCompleted({ batchInfo }: StreamingEvents['batchCompleted']): void {
    this.#batches.push(batchInfo)
    if (this.#batches.length > this.#numBatches) this.#batches.shift()
    this.#report('Total delay', ({ totalDelay }) => totalDelay)
    this.#report('Processing time', ({ processingDelay }) => processingDelay)
  }

  #report(what: string, of: (batch: BatchInfo) => number | undefined): void {
    const values = this.#batches.map(of).filter((value) => value !== undefined)
    if (values.length === 0) return
    values.sort((a, b) => a - b)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const stdev = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
    const quantiles = percents.map((percent) => quantile(values, percent / 100))
    this.#logger.info(
      { count: values.length, mean, stdev, min: values[0], max: values.at(-1) },
      `${what}, ms, of the last ${values.length} batches: mean ${mean.toFixed(1)}, stdev ${stdev.toFixed(1)}; ` +
        percents.map((percent, i) => `${percent}% ${quantiles[i]}`).join(', '),
    )
  }
}

/** The value below which a share `p` of the sorted values lies; the nearest one, none is invented between two. */
function quantile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(Math.floor(p * sorted.length), sorted.length - 1)]!
}
