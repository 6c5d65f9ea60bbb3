import { crashPoint } from '../base/crash-points.js'
import { loadImmutable } from '../base/values/immutable-library.js'
import { BatchTimes, firstGrid } from '../base/time/batch-times.js'
import type { Recovered } from '../durable/checkpoint/checkpoint.js'
import { openCheckpoint } from '../durable/checkpoint/open-checkpoint.js'
import type { Journal } from '../durable/journal/journal.js'
import { volatileJournal } from '../durable/journal/volatile-journal.js'
import { OpenOutputs } from '../output/outputs/open-outputs.js'
import type { EarlierRun } from '../streams/graph/evaluation-options.js'
import { singleUses } from '../streams/graph/texts/single-use.js'
import { firstBatchTime } from './batch/ticker.js'
import { batchParts } from './batch-parts.js'
import { Engine } from './engine.js'
import type { EngineOptions } from './engine-options.js'
import { checkpointOptions } from './program-checkpoint.js'
import { resume, resumeLine } from './recovery/resume.js'
import { takeLock } from './take-lock.js'
import { startTimes } from './recovery/start-time.js'

const checkpointOpened = crashPoint('start:opened')
const stateRestored = crashPoint('start:restored')

/**
 * Opens the journal and the checkpoint, restores what an earlier run has committed, and returns an engine that is ready
 * to start. Nothing is written before the whole checkpoint has been read and matched.
 *
 * @throws the error for which a checkpoint is refused; nothing is left open then
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { graph, inputs, batchMs, clock, storage, logger, onCrashPoint } = options
  const newJob = crypto.randomUUID()
  // A view of a state can be asked for as one of immutable's maps.
  if (graph.nodes.some(({ operator }) => operator.state !== undefined)) await loadImmutable()
  if (storage === undefined) logVolatileState(options)
  // At the first start: at the second one it would be too late.
  else if (options.recovers) inputs.mustBeRecoverable()
  const locked = storage && { storage, release: await takeLock(storage, options) }
  // The lock may have been waited for: the first batch comes after that.
  const liveMs = firstBatchTime(clock.now(), batchMs)
  const opened =
    locked && (await openCheckpoint(checkpointOptions(options, locked.storage, { liveMs, newJob }), locked.release))
  const { checkpoint, recovered } = opened ?? {}
  const outputs = new OpenOutputs(graph.outputs)
  try {
    for (const warning of recovered?.warnings ?? []) logger.warn({}, warning)
    await checkpointOpened(onCrashPoint)
    const journal = checkpoint?.journal ?? volatileJournal()
    const batchTimes = new BatchTimes(recovered?.grids ?? [firstGrid(liveMs - batchMs, batchMs)])
    const earlier = earlierRun(recovered, journal)
    const once = await singleUses(graph)
    const parts = batchParts(options, { times: batchTimes, earlier, journal, checkpoint, singleUses: once })
    let first = liveMs
    let overdue = 0
    if (recovered?.resumed === true) {
      inputs.mustBeRecoverable()
      await resume(recovered, { ...options, ...parts, journal, outputs: parts.operations, onWork: options.work.report })
      const times = startTimes(recovered, batchTimes, liveMs)
      first = times.first
      overdue = recovered.pending.length + times.missed
      logger.info({}, resumeLine(recovered, times, options))
    }
    await stateRestored(onCrashPoint)
    return new Engine({
      ...options,
      ...parts,
      journal,
      checkpoint,
      outputs,
      begun: new Set(recovered?.pending ?? []),
      job: recovered?.job ?? newJob,
      first,
      overdue,
      known: recovered?.pending.at(-1) ?? recovered?.lastCommitted,
    })
  } catch (error) {
    await outputs.close().catch(() => undefined)
    await checkpoint?.close().catch(() => undefined)
    throw error
  }
}

/** Returns what evaluation knows of the batches that an earlier run has committed. */
function earlierRun(recovered: Recovered | undefined, journal: Journal): EarlierRun | undefined {
  if (recovered?.lastCommitted === undefined) return undefined
  const { lastCommitted, zeroTime, grids } = recovered
  const oldestMs = grids[0]?.afterMs ?? zeroTime
  return {
    untilMs: lastCommitted,
    knownAfterMs: oldestMs > zeroTime ? oldestMs : -Infinity,
    isKept: (time) => journal.allocation(time) !== undefined,
  }
}

function logVolatileState({ graph, appName, logger }: EngineOptions): void {
  const stateful = graph.nodes.filter(({ operator }) => operator.state !== undefined)
  if (stateful.length === 0) return
  const ids = stateful.map(({ id }) => id).join(', ')
  logger.info(
    {},
    `${appName}: the state of ${ids} lives in memory and ends with this process; give a checkpointDir to keep it.`,
  )
}
