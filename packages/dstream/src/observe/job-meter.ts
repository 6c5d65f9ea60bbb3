import type { Attributes, BatchObservableCallback, Histogram, Meter, Observable } from '@opentelemetry/api'
import type { StreamingEvents, StreamingListener } from './events.js'
import type { JobView } from './job-view.js'
import { DEFINITIONS, DELAYS } from './metric-definitions.js'

export type { Meter }

/** The ends of Prometheus' names that are a unit in OpenTelemetry. */
const UNITS: Readonly<Record<string, string>> = { seconds: 's', bytes: 'By' }

/**
 * Returns the name and the unit that OpenTelemetry's conventions give a metric. An exporter to Prometheus makes the name of
 * `/metrics` of them again.
 */
export function meterName(name: string): { readonly name: string; readonly unit: string } {
  const [, stem, ending] = /^(.*?)(?:_(seconds|bytes))?(?:_total)?$/.exec(name)!
  return { name: `dstream.${stem}`, unit: ending === undefined ? '' : UNITS[ending]! }
}

/** Gives the metrics of a job to the meter of the program. They are read when the program's provider collects them. */
export class JobMeter implements StreamingListener {
  readonly #app: string
  readonly #delays: readonly (readonly [histogram: Histogram, of: (typeof DELAYS)[number][2]])[]
  readonly #end: () => void

  constructor(meter: Meter, job: JobView) {
    this.#app = job.name
    const metrics = DEFINITIONS.map((definition) => {
      const { name, unit } = meterName(definition.name)
      const options = { description: definition.help, unit }
      const isCounter = definition.type === 'counter'
      const observable: Observable = isCounter
        ? meter.createObservableCounter(name, options)
        : meter.createObservableGauge(name, options)
      return { definition, observable }
    })
    const observables = metrics.map(({ observable }) => observable)
    const observe: BatchObservableCallback = (result) => {
      for (const { definition, observable } of metrics) {
        for (const [labels, value] of definition.samples(job)) {
          if (value !== undefined) result.observe(observable, value, { app: job.name, ...labels } satisfies Attributes)
        }
      }
    }
    meter.addBatchObservableCallback(observe, observables)
    this.#end = () => meter.removeBatchObservableCallback(observe, observables)
    this.#delays = DELAYS.map(([delay, description, of]) => {
      const explicitBucketBoundaries = of(job.metrics).bounds.map((ms) => ms / 1000)
      const { name, unit } = meterName(delay)
      return [meter.createHistogram(name, { description, unit, advice: { explicitBucketBoundaries } }), of]
    })
  }

  onBatchCompleted({ batchInfo }: StreamingEvents['batchCompleted']): void {
    const { processingDelay, schedulingDelay, totalDelay } = batchInfo
    for (const [i, delay] of [processingDelay, schedulingDelay, totalDelay].entries()) {
      if (delay !== undefined) this.#delays[i]![0].record(delay / 1000, { app: this.#app })
    }
  }

  close(): void {
    this.#end()
  }
}
