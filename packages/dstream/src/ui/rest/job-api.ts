import { arch, platform } from 'node:os'
import type { JobView, SourceView } from '../../observe/job-view.js'
import { remainingMs } from '../../observe/long-work.js'
import type { BatchRecord } from '../../observe/job-metrics.js'
import { textForm } from '../../base/text/text-form.js'
import { json, refusal, type Answer, type Request } from '../server/router.js'
import { mean } from './format.js'

/** Answers about the graph, the state and the surroundings of a job, which Spark's interface does not have. */

const MAX_ROWS = 1000
const DEFAULT_ROWS = 20
/** Longer texts of data are cut off: a page shows rows, not documents. */
const MAX_TEXT = 2000

/** Returns a value of the program's as text of bounded length. */
export function shownText(value: unknown, max = MAX_TEXT): string {
  const text = textForm(value)
  return text.length > max ? `${text.slice(0, max)}…` : text
}

/** The graph, each operator with the figures of the last completed batch. */
export function plan(job: JobView): object {
  const last = job.metrics.batches.findLast(({ status }) => status === 'COMPLETED')
  const tables = job.tables()
  const held = job.held()
  const figures = new Map(job.metrics.outputs.map((output) => [output.index, output]))
  const ofBatch = new Map(operatorsOf(job, last).map((operator) => [operator.id, operator]))
  return {
    version: 1,
    batchTime: last?.info.batchTime,
    nodes: job.nodes().map((node) => {
      const received = last?.operators?.get(node.id)?.bytes
      const own = tables.filter(({ operator }) => operator === node.id)
      const batches = held.get(node.id)
      return {
        ...node,
        ...ofBatch.get(node.id),
        ...(node.stateful ? { keys: sum(own.map(({ keys }) => keys)) } : {}),
        bytes: received ?? (node.stateful ? sum(own.map(({ bytes }) => bytes)) : batches?.bytes),
        rememberedBatches: batches?.batches,
        ...(node.outputIndex === undefined ? {} : { lastDurationMs: figures.get(node.outputIndex)?.lastDurationMs }),
      }
    }),
  }
}

/** Returns the records and the time of each operator in a batch. */
export function operatorsOf(job: JobView, batch: BatchRecord | undefined) {
  const sources = new Map(job.sources().map((source) => [source.operator, source]))
  const given = new Map(job.nodes().map(({ id }) => [id, recordsOf(id, sources.get(id), batch).recordsOut] as const))
  return job.nodes().map(({ id, name, parents }) => {
    const { spentMs, loop } = batch?.operators?.get(id) ?? {}
    return {
      id,
      name,
      // The records of a source are counted by its input.
      recordsIn: sumOfKnown(parents.map((parent) => given.get(parent))),
      ...recordsOf(id, sources.get(id), batch),
      spentMs: spentMs === undefined ? undefined : Math.round(spentMs * 1000) / 1000,
      loop,
    }
  })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0)
}

interface Records {
  readonly recordsIn?: number
  readonly recordsOut?: number
}

function recordsOf(id: string, source: SourceView | undefined, last: BatchRecord | undefined): Records {
  if (last === undefined) return {}
  if (source !== undefined) return { recordsOut: last.info.streamIdToInputInfo[source.streamId]?.numRecords ?? 0 }
  const { in: recordsIn, out: recordsOut } = last.operators?.get(id) ?? {}
  return {
    ...(recordsIn === undefined ? {} : { recordsIn }),
    ...(recordsOut === undefined ? {} : { recordsOut }),
  }
}

/** Returns the sum of numbers that are all known; `undefined` for none. */
function sumOfKnown(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined)
  return known.length === 0 || known.length < numbers.length ? undefined : sum(known)
}

export function stateTables(job: JobView): object[] {
  const progress = new Map(job.metrics.lastProgress?.stateOperators.map((state) => [state.id, state]))
  return job.tables().map((table) => {
    const last = progress.get(table.id)
    return { ...table, updated: last?.updated ?? 0, removed: last?.removed ?? 0 }
  })
}

/** Answers for a key (`key`), or with the first rows in order of arrival, or by a number inside the values (`by`). */
export async function stateOf(job: JobView, { params, query }: Request): Promise<Answer> {
  const limit = Number(query.get('limit') ?? DEFAULT_ROWS)
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= MAX_ROWS)) {
    return refusal(400, `limit must be a whole number from 1 to ${MAX_ROWS}, not ${query.get('limit')}`)
  }
  const question = { limit, key: query.get('key') ?? undefined, by: query.get('by') ?? undefined }
  const answer = await job.ask(params['uid']!, question)
  if (answer === undefined) {
    const known = job.tables().map(({ id }) => id)
    return refusal(404, `unknown state: ${params['uid']}; there is ${known.join(', ') || 'none'}`)
  }
  const rows = answer.rows.map(({ key, value }) => ({ key: shownText(key), value: shownText(value) }))
  return json({ ...answer, rows })
}

/** How far the job is with what it has to catch up, with an estimate. */
export function progress(job: JobView): object {
  const remainingBatches = job.numQueued()
  const recent = job.metrics.batches.slice(-20)
  const batchTakesMs = mean(recent.map(({ info }) => info.processingDelay))
  const left = batchTakesMs === undefined ? undefined : Math.round(remainingBatches * batchTakesMs)
  return {
    phase: job.phase(),
    failure: job.failure(),
    remainingBatches,
    bufferedRecords: job.sources().reduce((sum, { buffer }) => sum + (buffer?.records ?? 0), 0),
    estimatedMs: remainingBatches === 0 ? 0 : left,
    work: job.work().map((work) => ({ ...work, remainingMs: remainingMs(work, job.now()) })),
    lastProgress: job.metrics.lastProgress,
  }
}

export function sources(job: JobView): object[] {
  const counts = job.metrics.recordsOfStream
  const receivers = new Map(job.metrics.receivers.map((receiver) => [receiver.streamId, receiver]))
  const last = job.metrics.batches.findLast(({ status }) => status === 'COMPLETED')
  return job.sources().map(({ position, ...source }) => {
    const known = receivers.get(source.streamId)
    const description = last?.info.streamIdToInputInfo[source.streamId]?.metadata['Description']
    return {
      ...source,
      records: counts.get(source.streamId) ?? 0,
      restarts: Math.max(0, (known?.starts ?? 1) - 1),
      errors: known?.errors ?? 0,
      ...(position === undefined ? {} : { position: shownText(position) }),
      ...(description === undefined ? {} : { lastInput: shownText(description) }),
    }
  })
}

export function outputs(job: JobView): object[] {
  const behind = new Map(job.metrics.lastProgress?.outputs.map((output) => [output.id, output]))
  const figures = new Map(job.metrics.outputs.map((output) => [output.index, output]))
  return job
    .nodes()
    .filter((node) => node.output)
    .map(({ id, kind, outputIndex, definedAt }) => {
      const { pendingBatches = 0, pendingBytes = 0, skippedBatches = 0 } = behind.get(id) ?? {}
      const { attempts = 0, failures = 0, ...last } = figures.get(outputIndex!) ?? {}
      const { lastDurationMs, lastFailureReason, lastFailureTime } = last as Partial<typeof last & LastOfOutput>
      return {
        id,
        index: outputIndex,
        name: `${kind} at ${definedAt.short}`,
        attempts,
        failures,
        pendingBatches,
        pendingBytes,
        skippedBatches,
        lastDurationMs,
        lastFailureReason,
        lastFailureTime,
      }
    })
}

interface LastOfOutput {
  readonly lastDurationMs: number
  readonly lastFailureReason: string
  readonly lastFailureTime: number
}

export function storage(job: JobView): object {
  const { metrics } = job
  const kept = job.storage()
  const steps = metrics.lastProgress?.durationMs
  return {
    ...(kept ?? {}),
    durable: kept !== undefined,
    lastCommitted: metrics.lastProgress?.batchTime,
    lastCommitMs: steps?.commit,
    tables: job.tables(),
    pendingOutputs: metrics.lastProgress?.outputs ?? [],
  }
}

export function environment(job: JobView): object {
  return {
    options: job.options(),
    versions: { node: process.versions.node, v8: process.versions.v8, platform: `${platform()} ${arch()}` },
    process: { pid: process.pid, uptimeSeconds: Math.round(process.uptime()), argv: process.argv.slice(1, 2) },
  }
}
