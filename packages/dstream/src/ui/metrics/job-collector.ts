import { Gauge, type MetricConfiguration, type Registry } from 'prom-client'
import type { JobView } from '../../observe/job-view.js'
import type { DelayHistogram } from '../../observe/delay-histogram.js'
import type { JobMetrics } from '../../observe/job-metrics.js'

/** One sample: the labels beside the job, and the value. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | undefined]

interface Definition {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly labels?: readonly string[]
  samples(job: JobView): readonly Sample[]
}

function one(value: number | undefined): readonly Sample[] {
  return [[{}, value]]
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000
}

function lastCompleted(metrics: JobMetrics) {
  return metrics.batches.findLast(({ status }) => status === 'COMPLETED')?.info
}

function gauge(name: string, help: string, value: (job: JobView) => number | undefined): Definition {
  return { name, help, type: 'gauge', samples: (job) => one(value(job)) }
}

function counter(name: string, help: string, value: (job: JobView) => number): Definition {
  return { name, help, type: 'counter', samples: (job) => one(value(job)) }
}

function perSource(
  name: string,
  help: string,
  type: Definition['type'],
  value: (job: JobView, streamId: number) => number | undefined,
): Definition {
  return {
    name,
    help,
    type,
    labels: ['source'],
    samples: (job) => job.sources().map((source) => [{ source: source.name }, value(job, source.streamId)]),
  }
}

function source(job: JobView, streamId: number) {
  return job.sources()[streamId]
}

const NOW: readonly Definition[] = [
  gauge('receivers', 'Sources that are fed by a receiver.', (job) => job.sources().filter((s) => s.hasReceiver).length),
  gauge('receivers_active', 'Receivers that are started.', (job) => {
    return job.sources().filter((s) => s.hasReceiver && s.active).length
  }),
  gauge('batches_unprocessed', 'Batches that wait or run.', (job) => {
    return job.numQueued() + job.metrics.batches.filter(({ status }) => status !== 'COMPLETED').length
  }),
  gauge('batches_waiting', 'Batches that are due and have not begun.', (job) => {
    return job.numQueued() + job.metrics.batches.filter(({ status }) => status === 'QUEUED').length
  }),
  gauge('batches_running', 'Batches that run.', ({ metrics }) => {
    return metrics.batches.filter(({ status }) => status === 'PROCESSING').length
  }),
  gauge('batches_retained', 'Completed batches that the page remembers.', ({ metrics }) => {
    return metrics.batches.filter(({ status }) => status === 'COMPLETED').length
  }),
  gauge('batch_interval_seconds', 'Time between two batches.', (job) => seconds(job.batchMs)),
]

const LAST_COMPLETED: readonly Definition[] = [
  gauge(
    'last_completed_batch_submission_timestamp_seconds',
    'Time at which the last completed batch was submitted.',
    (job) => seconds(lastCompleted(job.metrics)?.submissionTime),
  ),
  gauge('last_completed_batch_processing_start_timestamp_seconds', 'Time at which its processing began.', (job) =>
    seconds(lastCompleted(job.metrics)?.processingStartTime),
  ),
  gauge('last_completed_batch_processing_end_timestamp_seconds', 'Time at which its processing ended.', (job) =>
    seconds(lastCompleted(job.metrics)?.processingEndTime),
  ),
  gauge('last_completed_batch_processing_delay_seconds', 'Processing time of the last completed batch.', (job) =>
    seconds(lastCompleted(job.metrics)?.processingDelay),
  ),
  gauge('last_completed_batch_scheduling_delay_seconds', 'Scheduling delay of the last completed batch.', (job) =>
    seconds(lastCompleted(job.metrics)?.schedulingDelay),
  ),
  gauge('last_completed_batch_total_delay_seconds', 'Total delay of the last completed batch.', (job) =>
    seconds(lastCompleted(job.metrics)?.totalDelay),
  ),
]

const LAST_RECEIVED: readonly Definition[] = [
  gauge(
    'last_received_batch_submission_timestamp_seconds',
    'Time at which the last received batch was submitted.',
    (job) => seconds(job.metrics.lastReceived?.submissionTime),
  ),
  gauge('last_received_batch_processing_start_timestamp_seconds', 'Time at which its processing began.', (job) =>
    seconds(job.metrics.lastReceived?.processingStartTime),
  ),
  gauge('last_received_batch_processing_end_timestamp_seconds', 'Time at which its processing ended.', (job) =>
    seconds(job.metrics.lastReceived?.processingEndTime),
  ),
  gauge('last_received_batch_records', 'Records of the last received batch.', (job) => {
    return job.metrics.lastReceived?.numRecords ?? 0
  }),
]

const TOTALS: readonly Definition[] = [
  counter('batches_completed_total', 'Completed batches.', ({ metrics }) => metrics.totals.completed),
  counter('records_received_total', 'Records of batches that have begun.', ({ metrics }) => metrics.totals.received),
  counter('records_processed_total', 'Records of completed batches.', ({ metrics }) => metrics.totals.processed),
  counter('output_failures_total', 'Failed attempts of outputs.', ({ metrics }) => metrics.totals.failedAttempts),
]

const SOURCES: readonly Definition[] = [
  perSource('source_records_total', 'Records of a source in completed batches.', 'counter', (job, streamId) => {
    return job.metrics.recordsOfStream.get(streamId) ?? 0
  }),
  perSource('source_active', 'Whether a source is connected.', 'gauge', (job, id) => Number(source(job, id)?.active)),
  perSource('source_errors_total', 'Errors that a receiver has reported.', 'counter', (job, id) => {
    return job.metrics.receivers.find(({ streamId }) => streamId === id)?.errors ?? 0
  }),
  perSource('source_restarts_total', 'Restarts of a receiver.', 'counter', (job, id) => {
    return Math.max(0, (job.metrics.receivers.find(({ streamId }) => streamId === id)?.starts ?? 1) - 1)
  }),
  perSource(
    'source_buffered_bytes',
    'Bytes that a receiver holds.',
    'gauge',
    (job, id) => source(job, id)?.buffer?.bytes,
  ),
  perSource('source_buffered_records', 'Records that a receiver holds.', 'gauge', (job, id) => {
    return source(job, id)?.buffer?.records
  }),
  perSource(
    'source_rate_limit',
    'Records per second that a source may bring; absent without a limit.',
    'gauge',
    (job, id) => source(job, id)?.rateLimit,
  ),
]

const KEPT: readonly Definition[] = [
  {
    name: 'state_keys',
    help: 'Keys of a table of state.',
    type: 'gauge',
    labels: ['state'],
    samples: (job) => job.tables().map(({ id, keys }) => [{ state: id }, keys]),
  },
  {
    name: 'output_pending_batches',
    help: 'Batches that wait for an output.',
    type: 'gauge',
    labels: ['output'],
    samples: (job) => {
      const behind = new Map(job.metrics.lastProgress?.outputs.map(({ id, pendingBatches }) => [id, pendingBatches]))
      const outputs = job.nodes().filter(({ output }) => output)
      return outputs.map(({ id }) => [{ output: id }, behind.get(id) ?? 0])
    },
  },
  {
    name: 'storage_write_seconds_total',
    help: 'Time spent on writes to the checkpoint, by group of files.',
    type: 'counter',
    labels: ['files'],
    samples: (job) => (job.storage()?.writes ?? []).map(({ group, totalMs }) => [{ files: group }, totalMs / 1000]),
  },
  {
    name: 'storage_writes_total',
    help: 'Writes to the checkpoint, by group of files.',
    type: 'counter',
    labels: ['files'],
    samples: (job) => (job.storage()?.writes ?? []).map(({ group, writes }) => [{ files: group }, writes]),
  },
  {
    name: 'storage_written_bytes_total',
    help: 'Bytes written to the checkpoint, by group of files.',
    type: 'counter',
    labels: ['files'],
    samples: (job) => (job.storage()?.writes ?? []).map(({ group, bytes }) => [{ files: group }, bytes]),
  },
]

const DELAYS: readonly (readonly [name: string, help: string, of: (metrics: JobMetrics) => DelayHistogram])[] = [
  ['batch_processing_seconds', 'Processing time of batches.', (metrics) => metrics.processingDelay],
  ['batch_scheduling_delay_seconds', 'Scheduling delay of batches.', (metrics) => metrics.schedulingDelay],
  ['batch_total_delay_seconds', 'Total delay of batches.', (metrics) => metrics.totalDelay],
]

const PREFIX = 'dstream_'

/** All definitions: a metric is read when it is scraped, and costs nothing before. */
export const DEFINITIONS: readonly Definition[] = [
  ...NOW,
  ...LAST_COMPLETED,
  ...LAST_RECEIVED,
  ...TOTALS,
  ...SOURCES,
  ...KEPT,
]

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
function collected({ name, help, type, labels = [], samples }: Definition, jobs: () => readonly JobView[]): Gauge {
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
