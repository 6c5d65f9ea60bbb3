import { Gauge, type MetricConfiguration, type Registry } from 'prom-client'
import type { DelayHistogram } from '../../observe/delay-histogram.js'
import type { JobMetrics } from '../../observe/job-metrics.js'
import type { JobView } from '../../observe/job-view.js'
import { DEFINITIONS, DELAYS, type MetricDefinition } from '../../observe/metric-definitions.js'

const PREFIX = 'dstream_'

/** Puts the metrics of jobs into a registry. All jobs of a page share them, told apart by the label `app`. */
export class JobCollector {
  readonly #registry: Registry
  readonly #names: readonly string[]

  constructor(jobs: () => readonly JobView[], registry: Registry) {
    this.#registry = registry
    const gauges = DEFINITIONS.map((definition) => collected(definition, jobs))
    const histograms = DELAYS.map(([name, help, of]) => new DelayMetric(PREFIX + name, help, jobs, of))
    for (const metric of [...gauges, ...histograms]) registry.registerMetric(metric as Gauge)
    this.#names = [...DEFINITIONS.map(({ name }) => name), ...DELAYS.map(([name]) => name)]
  }

  remove(): void {
    for (const name of this.#names) this.#registry.removeSingleMetric(PREFIX + name)
  }
}

/** Returns a metric that is computed from the jobs when it is read. The collected value of a counter is set as a whole. */
function collected(
  { name, help, type, labels = [], samples }: MetricDefinition,
  jobs: () => readonly JobView[],
): Gauge {
  const configuration: MetricConfiguration<string> = {
    name: PREFIX + name,
    help,
    labelNames: ['app', ...labels],
    registers: [],
  }
  const metric = new Gauge({
    ...configuration,
    collect() {
      this.reset()
      for (const job of jobs()) {
        for (const [more, value] of samples(job)) if (value !== undefined) this.set({ app: job.name, ...more }, value)
      }
    },
  })
  if (type === 'gauge') return metric
  const get = metric.get.bind(metric)
  return Object.assign(metric, {
    get: async () => ({ ...(await get()), type: 'counter' }),
  }) as unknown as Gauge
}

/** A histogram whose buckets are counted elsewhere, in the shape that a registry reads. */
class DelayMetric {
  readonly name: string
  readonly help: string
  readonly #jobs: () => readonly JobView[]
  readonly #of: (metrics: JobMetrics) => DelayHistogram

  constructor(name: string, help: string, jobs: () => readonly JobView[], of: (metrics: JobMetrics) => DelayHistogram) {
    this.name = name
    this.help = help
    this.#jobs = jobs
    this.#of = of
  }

  reset(): void {
    // The counts belong to the job.
  }

  async get(): Promise<object> {
    const values = this.#jobs().flatMap((job) => histogramSamples(this.name, job.name, this.#of(job.metrics)))
    return { name: this.name, help: this.help, type: 'histogram', values, aggregator: 'sum' }
  }
}

function histogramSamples(name: string, app: string, { bounds, counts, sum, count }: DelayHistogram): object[] {
  let below = 0
  const buckets = [...bounds.map((bound) => String(bound / 1000)), '+Inf'].map((le, i) => {
    below += counts[i]!
    return { metricName: `${name}_bucket`, labels: { le, app }, value: below }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: { app }, value: sum / 1000 },
    { metricName: `${name}_count`, labels: { app }, value: count },
  ]
}
