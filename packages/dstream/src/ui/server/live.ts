import type { JobView } from '../../observe/job-view.js'
import type { BatchRecord } from '../../observe/job-metrics.js'
import { application, firstFailure, outputCounts } from '../rest/spark-api.js'
import { outputs, plan, progress, sources, stateTables } from '../rest/job-api.js'
import type { Channel } from './event-streams.js'

/** The most batch times of waiting batches that a message names; their number is whole. */
const MAX_QUEUED = 100

/** What a page knows of a batch: enough for charts and tables. The names are short, since there are a thousand of them. */
export interface LiveBatch {
  readonly t: number
  readonly status: BatchRecord['status']
  /** The records of all sources, and of each. */
  readonly n: number
  readonly in: readonly number[]
  /** Scheduling delay, processing time and total delay in milliseconds. */
  readonly sd?: number | undefined
  readonly pd?: number | undefined
  readonly td?: number | undefined
  readonly ok: number
  readonly failed: number
  readonly active: number
  readonly error?: string | undefined
  readonly commit?: number | undefined
  readonly heap?: number | undefined
  readonly loop?: number | undefined
  readonly buffered?: number | undefined
  readonly rate?: number | undefined
}

function liveBatch(record: BatchRecord): LiveBatch {
  const { info, status, steps, system } = record
  const { active, completed, failed } = outputCounts(record)
  return {
    t: info.batchTime,
    status,
    n: info.numRecords,
    in: Object.values(info.streamIdToInputInfo).map(({ numRecords }) => numRecords),
    sd: info.schedulingDelay,
    pd: info.processingDelay,
    td: info.totalDelay,
    ok: completed,
    failed,
    active,
    error: firstFailure(record)?.split('\n', 1)[0]?.slice(0, 300),
    commit: steps?.commit,
    heap: system?.heapBytes,
    loop: system?.loopDelayMs,
    buffered: system?.bufferedBytes,
    rate: system?.rateLimit,
  }
}

/** Follows a job and the boards of all jobs of the page. */
export class LiveChannel implements Channel {
  readonly #boot: string
  readonly #jobs: () => readonly JobView[]
  readonly #wanted: string | undefined

  /** @param boot tells this run of the server from an earlier one; @param wanted the id or the name of the job; the first one without */
  constructor(boot: string, jobs: () => readonly JobView[], wanted: string | undefined) {
    this.#boot = boot
    this.#jobs = jobs
    this.#wanted = wanted
  }

  since(version: string | undefined): { readonly text: string; readonly version: string } | undefined {
    const jobs = this.#jobs()
    const job = jobs.find(({ id, name }) => id === this.#wanted || name === this.#wanted) ?? jobs[0]
    if (job === undefined) return undefined
    const known = version === undefined ? undefined : (JSON.parse(version) as number[])
    // The phase and the number of waiting batches follow the clock, not an event.
    const worked = job.work().reduce((sum, { done }) => sum + 1 + done, 0)
    const now = [job.metrics.version, job.numQueued(), worked, jobs.length, ...jobs.map(({ board }) => board.version)]
    const present = JSON.stringify(now)
    if (present === version) return undefined
    const isNew = known === undefined || known.length !== now.length
    const message = {
      boot: this.#boot,
      full: isNew,
      ...liveJob(job, isNew ? 0 : known[0]!),
      apps: jobs.map(application),
      board: jobs.flatMap(({ board, name }, i) =>
        board.since(isNew ? 0 : known[i + 4]!).map((panel) => ({ ...panel, job: name })),
      ),
    }
    return { text: JSON.stringify(message), version: present }
  }
}

function liveJob(job: JobView, since: number): object {
  const { lastProgress: _, ...ahead } = progress(job) as { lastProgress?: unknown }
  return {
    id: job.id,
    name: job.name,
    batchMs: job.batchMs,
    startTime: job.startTime,
    now: job.now(),
    totals: job.metrics.totals,
    queued: job.numQueued(),
    queuedTimes: job.queued(MAX_QUEUED),
    progress: ahead,
    batches: job.metrics.since(since).map(liveBatch),
    sources: sources(job),
    outputs: outputs(job),
    tables: stateTables(job),
    plan: plan(job),
  }
}
