import type { JobView } from '../../observe/job-view.js'
import type { Duration } from '../../base/time/duration.js'

const LEAST_BOUND_MS = 30_000
const BOUND_BATCHES = 10

/** Whether a job does its work, and if not, why. */
export interface Health {
  readonly ready: boolean
  readonly reasons: readonly string[]
}

/** A job is ready when it has started, all its sources are connected, nothing has ended it and its batches are not late. */
export function healthOf(job: JobView, maxDelay: Duration | undefined): Health {
  const boundMs = maxDelay?.milliseconds ?? Math.max(LEAST_BOUND_MS, BOUND_BATCHES * job.batchMs)
  const failure = job.failure()
  const phase = job.phase()
  const away = job.sources().filter(({ active }) => !active)
  const delayMs = delayOf(job)
  const reasons = [
    ...(failure === undefined ? [] : [`the job has failed: ${failure.split('\n', 1)[0]}`]),
    ...(phase === 'running' || phase === 'catching-up' ? [] : [`the job is ${phase}`]),
    ...away.map(({ name }) => `the source "${name}" is not connected`),
    ...(delayMs > boundMs ? [`batches are ${delayMs} ms late, more than ${boundMs} ms`] : []),
  ]
  return { ready: reasons.length === 0, reasons }
}

/** The age of the oldest batch that waits, or the total delay of the last one, whichever is longer. */
function delayOf(job: JobView): number {
  const [oldest] = job.queued(1)
  const last = job.metrics.batches.findLast(({ status }) => status === 'COMPLETED')
  return Math.max(oldest === undefined ? 0 : job.now() - oldest, last?.info.totalDelay ?? 0)
}
