import { crashPoint } from '../base/crash-points.js'
import { openCheckpoint } from '../durable/checkpoint/open-checkpoint.js'
import { volatileJournal } from '../durable/journal/volatile-journal.js'
import { OpenOutputs } from '../output/outputs/open-outputs.js'
import { GraphEvaluation } from '../streams/graph/graph-evaluation.js'
import { rememberTimes, sharedOperators } from '../streams/graph/remember.js'
import { BatchCycle } from './batch/batch-cycle.js'
import { BatchStore } from './batch/batch-store.js'
import { StatefulOperators } from './batch/stateful-operators.js'
import { firstBatchTime } from './batch/ticker.js'
import { Engine } from './engine.js'
import type { EngineOptions } from './engine-options.js'
import { checkpointOptions } from './program-checkpoint.js'
import { FailedOutputs } from './recovery/failed-outputs.js'
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
    const retention = rememberTimes(graph, options.rememberMs)
    const evaluation = new GraphEvaluation(graph, zeroMs, retention, sharedOperators(graph, retention))
    const stateful = new StatefulOperators(graph, evaluation)
    const store = new BatchStore({ ...options, evaluation, stateful, retention, journal, checkpoint })
    const failedOutputs = new FailedOutputs({ ...options, store })
    const cycle = new BatchCycle({ ...options, evaluation, stateful, store, failedOutputs })
    let times = { first: liveMs, skipUntil: -Infinity, missed: 0 }
    if (recovered?.resumed === true) {
      inputs.mustBeRecoverable()
      resume(recovered, { ...options, evaluation, journal, store, stateful })
      failedOutputs.add(recovered.failed)
      times = startTimes(recovered, options.missedBatches, liveMs, zeroMs, batchMs)
      logger.info({}, resumeLine(recovered, times.missed, options.missedBatches))
    }
    await stateRestored(onCrashPoint)
    return new Engine({
      ...options,
      zeroMs,
      retention,
      evaluation,
      journal,
      checkpoint,
      store,
      cycle,
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
