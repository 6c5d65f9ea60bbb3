import type { JobView, SourceView } from '../../observe/job-view.js'
import type { BatchRecord, OutputOfBatch } from '../../observe/job-metrics.js'
import { refusal, json, type Answer, type Request } from '../server/router.js'
import { operatorsOf } from './job-api.js'
import { mean, perSecond, sparkTime } from './format.js'

type SparkBatch = { readonly status: string } & Readonly<Record<string, unknown>>

/** Answers the requests of Spark's monitoring interface for streaming, with its field names. */

export function application(job: JobView): object {
  const isOver = job.phase() === 'stopped' || job.phase() === 'failed'
  return {
    id: job.id,
    name: job.name,
    attempts: [
      {
        startTime: sparkTime(job.startTime),
        startTimeEpoch: job.startTime,
        duration: job.now() - job.startTime,
        completed: isOver,
      },
    ],
  }
}

export function statistics(job: JobView): object {
  const { metrics, batchMs } = job
  const completed = metrics.batches.filter(({ status }) => status === 'COMPLETED')
  const receivers = job.sources().filter(({ hasReceiver }) => hasReceiver)
  const active = receivers.filter((source) => source.active).length
  const average = (pick: (batch: BatchRecord) => number | undefined): number | undefined => mean(completed.map(pick))
  return {
    startTime: sparkTime(job.startTime),
    batchDuration: batchMs,
    numReceivers: receivers.length,
    numActiveReceivers: active,
    numInactiveReceivers: receivers.length - active,
    numTotalCompletedBatches: metrics.totals.completed,
    numRetainedCompletedBatches: completed.length,
    numActiveBatches: metrics.batches.length - completed.length + job.numQueued(),
    numProcessedRecords: metrics.totals.processed,
    numReceivedRecords: metrics.totals.received,
    avgInputRate: average(({ info }) => perSecond(info.numRecords, batchMs)),
    avgSchedulingDelay: average(({ info }) => info.schedulingDelay),
    avgProcessingTime: average(({ info }) => info.processingDelay),
    avgTotalDelay: average(({ info }) => info.totalDelay),
  }
}

export function receivers(job: JobView): object[] {
  return job
    .sources()
    .filter(({ hasReceiver }) => hasReceiver)
    .map((source) => receiver(job, source))
}

/** Answers for one input stream, whether it has a receiver or not. */
export function receiverById(job: JobView, { params }: Request): Answer {
  const source = job.sources().find(({ streamId }) => String(streamId) === params['streamId'])
  return source === undefined ? refusal(404, `unknown receiver: ${params['streamId']}`) : json(receiver(job, source))
}

function receiver({ metrics, batchMs }: JobView, source: SourceView): object {
  const eventRates = metrics.batches
    .filter(({ status }) => status === 'COMPLETED')
    .map(({ info }) => {
      const records = info.streamIdToInputInfo[source.streamId]?.numRecords ?? 0
      return [info.batchTime, perSecond(records, batchMs)] as const
    })
  const hasError = source.lastErrorTime >= 0
  return {
    streamId: source.streamId,
    streamName: source.name,
    ...(source.hasReceiver ? { isActive: source.active, executorId: 'driver', executorHost: 'localhost' } : {}),
    ...(hasError ? { lastErrorTime: sparkTime(source.lastErrorTime) } : {}),
    ...(hasError ? { lastErrorMessage: source.lastErrorMessage, lastError: source.lastError } : {}),
    avgEventRate: mean(eventRates.map(([, rate]) => rate)),
    eventRates,
  }
}

const STATUSES = ['QUEUED', 'PROCESSING', 'COMPLETED']

/** Answers with the batches, newest first; `status` chooses among them, and may come several times. */
export function batches(job: JobView, { query }: Request): Answer {
  const wanted = query.getAll('status').map((status) => status.toUpperCase())
  const unknown = wanted.find((status) => !STATUSES.includes(status))
  if (unknown !== undefined) return refusal(400, `unknown status: ${unknown}; there is ${STATUSES.join(', ')}`)
  const known = job.metrics.batches.toReversed().map((record) => batch(job, record))
  const queued = job
    .queued(RETAINED_QUEUED)
    .toReversed()
    .map((time) => queuedBatch(job, time))
  return json([...queued, ...known].filter(({ status }) => wanted.length === 0 || wanted.includes(status)))
}

const RETAINED_QUEUED = 1000

export function batchById(job: JobView, { params }: Request): Answer {
  const record = find(job, params)
  if (record !== undefined) return json(batch(job, record))
  const time = job.queued(RETAINED_QUEUED).find((queued) => String(queued) === params['batchId'])
  return time === undefined ? unknownBatch(params) : json(queuedBatch(job, time))
}

export function operations(job: JobView, { params }: Request): Answer {
  const record = find(job, params)
  return record === undefined ? unknownBatch(params) : json([...record.outputs.values()].map(operation))
}

/** Answers with the operators of a batch, which Spark's interface does not have. */
export function operators(job: JobView, { params }: Request): Answer {
  const record = find(job, params)
  return record === undefined ? unknownBatch(params) : json(operatorsOf(job, record))
}

export function operationById(job: JobView, { params }: Request): Answer {
  const record = find(job, params)
  if (record === undefined) return unknownBatch(params)
  const output = [...record.outputs.values()].find(({ id }) => String(id) === params['outputOpId'])
  return output === undefined
    ? refusal(404, `unknown output operation: ${params['outputOpId']} of batch ${params['batchId']}`)
    : json(operation(output))
}

function find(job: JobView, params: Request['params']): BatchRecord | undefined {
  return job.metrics.batch(Number(params['batchId']))
}

function unknownBatch(params: Request['params']): Answer {
  return refusal(404, `unknown batch: ${params['batchId']}`)
}

/** The number of outputs in each state. */
export function outputCounts({ outputs }: Pick<BatchRecord, 'outputs'>): {
  active: number
  completed: number
  failed: number
} {
  const all = [...outputs.values()]
  const ended = all.filter(({ endTime }) => endTime !== undefined)
  const failed = ended.filter(({ failureReason }) => failureReason !== undefined).length
  return { active: all.length - ended.length, completed: ended.length - failed, failed }
}

/** The reason of the first output of a batch that has failed. */
export function firstFailure({ outputs }: Pick<BatchRecord, 'outputs'>): string | undefined {
  return [...outputs.values()].find(({ failureReason }) => failureReason !== undefined)?.failureReason
}

function batch(job: JobView, record: BatchRecord): SparkBatch {
  const { info, status } = record
  const { active, completed, failed } = outputCounts(record)
  // An output with a longer slide is not part of every batch.
  const isDone = status === 'COMPLETED'
  const numTotalOutputOps = isDone ? record.outputs.size : job.nodes().filter(({ output }) => output).length
  return {
    batchId: info.batchTime,
    batchTime: sparkTime(info.batchTime),
    status,
    batchDuration: job.batchMs,
    inputSize: info.numRecords,
    schedulingDelay: info.schedulingDelay,
    processingTime: info.processingDelay,
    totalDelay: info.totalDelay,
    numActiveOutputOps: active,
    numCompletedOutputOps: completed,
    numFailedOutputOps: failed,
    numTotalOutputOps,
    firstFailureReason: firstFailure(record),
  }
}

function queuedBatch(job: JobView, time: number): SparkBatch {
  return {
    batchId: time,
    batchTime: sparkTime(time),
    status: 'QUEUED',
    batchDuration: job.batchMs,
    inputSize: 0,
    numActiveOutputOps: 0,
    numCompletedOutputOps: 0,
    numFailedOutputOps: 0,
    numTotalOutputOps: job.nodes().filter(({ output }) => output).length,
  }
}

function operation(output: OutputOfBatch): object {
  const { id, name, description, startTime, endTime, duration, failureReason, attempts } = output
  return {
    outputOpId: id,
    name,
    description,
    ...(startTime === undefined ? {} : { startTime: sparkTime(startTime) }),
    ...(endTime === undefined ? {} : { endTime: sparkTime(endTime) }),
    duration,
    failureReason,
    // One process runs a batch as a whole: there are no jobs below an output.
    jobIds: [],
    attempts,
  }
}
