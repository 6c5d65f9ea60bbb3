import { crashPoint } from '../base/crash-points.js'
import { openCheckpoint } from '../durable/checkpoint/open-checkpoint.js'
import { volatileJournal } from '../durable/journal/volatile-journal.js'
import { OpenOutputs } from '../output/outputs/open-outputs.js'
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
  if (storage === undefined) logVolatileState(options)
  // At the first start: at the second one it would be too late.
  else if (options.recovers) inputs.mustBeRecoverable()
  const locked = storage && { storage, release: await takeLock(storage, options) }
  // The lock may have been waited for: the first batch comes after that.
  const liveMs = firstBatchTime(clock.now(), batchMs)
  const opened =
    locked && (await openCheckpoint(checkpointOptions(options, locked.storage, liveMs - batchMs), locked.release))
  const { checkpoint, recovered } = opened ?? {}
  const outputs = new OpenOutputs(graph.outputs)
  try {
    for (const warning of recovered?.warnings ?? []) logger.warn({}, warning)
    await checkpointOpened(onCrashPoint)
    const journal = checkpoint?.journal ?? volatileJournal()
    const zeroMs = recovered?.zeroTime ?? liveMs - batchMs
    const parts = batchParts(options, { zeroMs, journal, checkpoint })
    let times = { first: liveMs, skipUntil: -Infinity, missed: 0 }
    if (recovered?.resumed === true) {
      inputs.mustBeRecoverable()
      resume(recovered, { ...options, ...parts, journal, outputs: parts.operations })
      times = startTimes(recovered, options.missedBatches, liveMs, zeroMs, batchMs)
      logger.info({}, resumeLine(recovered, times.missed, options.missedBatches))
    }
    await stateRestored(onCrashPoint)
    return new Engine({
      ...options,
      zeroMs,
      ...parts,
      journal,
      checkpoint,
      outputs,
      begun: new Set(recovered?.pending ?? []),
      times,
    })
  } catch (error) {
    await outputs.close().catch(() => undefined)
    await checkpoint?.close().catch(() => undefined)
    throw error
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
