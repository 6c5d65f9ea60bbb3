import type { DelayHistogram } from './delay-histogram.js'
import type { JobMetrics } from './job-metrics.js'
import type { JobView } from './job-view.js'

/** One sample: the labels beside the job, and the value. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | undefined]

/** A metric, under its name in Prometheus without the prefix. */
export interface MetricDefinition {
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

function gauge(name: string, help: string, value: (job: JobView) => number | undefined): MetricDefinition {
  return { name, help, type: 'gauge', samples: (job) => one(value(job)) }
}

function counter(name: string, help: string, value: (job: JobView) => number): MetricDefinition {
  return { name, help, type: 'counter', samples: (job) => one(value(job)) }
}

function perSource(
  name: string,
  help: string,
  type: MetricDefinition['type'],
  value: (job: JobView, streamId: number) => number | undefined,
): MetricDefinition {
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

const NOW: readonly MetricDefinition[] = [
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
  gauge('event_loop_delay_seconds', 'Longest delay of the event loop during the last completed batch.', (job) => {
    return seconds(job.metrics.batches.findLast(({ status }) => status === 'COMPLETED')?.system?.loopDelayMs)
  }),
]

const LAST_COMPLETED: readonly MetricDefinition[] = [
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

const LAST_RECEIVED: readonly MetricDefinition[] = [
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

const TOTALS: readonly MetricDefinition[] = [
  counter('batches_completed_total', 'Completed batches.', ({ metrics }) => metrics.totals.completed),
  counter('records_received_total', 'Records of batches that have begun.', ({ metrics }) => metrics.totals.received),
  counter('records_processed_total', 'Records of completed batches.', ({ metrics }) => metrics.totals.processed),
  counter('output_failures_total', 'Failed attempts of outputs.', ({ metrics }) => metrics.totals.failedAttempts),
]

const SOURCES: readonly MetricDefinition[] = [
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
  ...(['records', 'bytes', 'files'] as const).map((unit) =>
    perSource(
      `source_lag_${unit}`,
      `Lag of a source in ${unit}; absent where it does not know them.`,
      'gauge',
      (job, id) => {
        return source(job, id)?.lag?.[unit]
      },
    ),
  ),
  perSource(
    'source_rate_limit',
    'Records per second that a source may bring; absent without a limit.',
    'gauge',
    (job, id) => source(job, id)?.rateLimit,
  ),
]

const KEPT: readonly MetricDefinition[] = [
  {
    name: 'state_keys',
    help: 'Keys of a table of state.',
    type: 'gauge',
    labels: ['state'],
    samples: (job) => job.tables().map(({ id, keys }) => [{ state: id }, keys]),
  },
  {
    name: 'state_bytes',
    help: 'Approximate length of a table of state as it is stored.',
    type: 'gauge',
    labels: ['state'],
    samples: (job) => job.tables().map(({ id, bytes }) => [{ state: id }, bytes]),
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

/** A distribution: its name, its meaning, and where a job has it. */
export type DelayDefinition = readonly [name: string, help: string, of: (metrics: JobMetrics) => DelayHistogram]

export const DELAYS: readonly DelayDefinition[] = [
  ['batch_processing_seconds', 'Processing time of batches.', (metrics) => metrics.processingDelay],
  ['batch_scheduling_delay_seconds', 'Scheduling delay of batches.', (metrics) => metrics.schedulingDelay],
  ['batch_total_delay_seconds', 'Total delay of batches.', (metrics) => metrics.totalDelay],
]

/** All definitions: a metric is read when it is scraped, and costs nothing before. */
export const DEFINITIONS: readonly MetricDefinition[] = [
  ...NOW,
  ...LAST_COMPLETED,
  ...LAST_RECEIVED,
  ...TOTALS,
  ...SOURCES,
  ...KEPT,
]
