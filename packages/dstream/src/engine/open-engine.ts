import { crashPoint } from '../base/crash-points.js'
import { checkKeptStorable, checkStateStorable } from '../durable/codec/storable.js'
import { Random } from '../base/random.js'
import { openCheckpoint } from '../durable/checkpoint/open-checkpoint.js'
import { volatileJournal } from '../durable/journal/volatile-journal.js'
import { pauseMs } from '../output/delivery/delivery-policy.js'
import { OpenOutputs } from '../output/outputs/open-outputs.js'
import { GraphEvaluation } from '../streams/graph/graph-evaluation.js'
import type { Graph } from '../streams/graph/graph.js'
import { rememberTimes } from '../streams/graph/remember.js'
import { BatchCycle } from './batch/batch-cycle.js'
import { BatchStore } from './batch/batch-store.js'
import { OutputInputs } from './batch/output-inputs.js'
import { OutputOperations } from './batch/output-operations.js'
import { RememberedRDDs } from './batch/remembered-rdds.js'
import { StatefulOperators } from './batch/stateful-operators.js'
import { firstBatchTime } from './batch/ticker.js'
import { Engine } from './engine.js'
import type { EngineOptions } from './engine-options.js'
import { checkpointOptions } from './program-checkpoint.js'
import { resume, resumeLine } from './recovery/resume.js'
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
  const liveMs = firstBatchTime(clock.now(), batchMs)
  if (storage === undefined) logVolatileState(options)
  const opened =
    storage === undefined ? undefined : await openCheckpoint(checkpointOptions(options, storage, liveMs - batchMs))
  const { checkpoint, recovered } = opened ?? {}
  const outputs = new OpenOutputs(graph.outputs)
  try {
    for (const warning of recovered?.warnings ?? []) logger.warn({}, warning)
    await checkpointOpened(onCrashPoint)
    const journal = checkpoint?.journal ?? volatileJournal()
    const zeroMs = recovered?.zeroTime ?? liveMs - batchMs
    const retention = rememberTimes(graph, options.rememberMs)
    const storable = storage === undefined ? undefined : checkKeptStorable
    const evaluation = new GraphEvaluation(graph, { zeroMs, leastMs: options.rememberMs, retention, storable })
    const { delivery, virtualTime, sc } = options
    const random = new Random(clock.now())
    const stateful = new StatefulOperators({
      graph,
      evaluation,
      clock,
      attempts: delivery.attempts,
      pauseMs: (failures) => (virtualTime ? 0 : pauseMs(delivery, failures, random.next())),
    })
    const remembered = new RememberedRDDs(graph, evaluation, storage !== undefined)
    const outputInputs = new OutputInputs({ graph, evaluation, stateful, remembered, sc })
    const operations = new OutputOperations({ ...options, evaluation, inputs: outputInputs })
    nameTables(graph, storage !== undefined)
    const store = new BatchStore({
      ...options,
      evaluation,
      stateful,
      remembered,
      outputInputs,
      outputs: operations,
      retention,
      journal,
      checkpoint,
    })
    const cycle = new BatchCycle({ ...options, evaluation, stateful, outputs: operations, store })
    let times = { first: liveMs, skipUntil: -Infinity, missed: 0 }
    if (recovered?.resumed === true) {
      inputs.mustBeRecoverable()
      resume(recovered, { ...options, evaluation, journal, store, stateful, remembered, outputs: operations })
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
      operations,
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

/** Tells each table the id of its operator, and how to check the values that it will have to store. */
function nameTables(graph: Graph, isStored: boolean): void {
  for (const { id, operator } of graph.nodes) {
    for (const table of Object.values(operator.state?.tables ?? {})) {
      table.operatorId = id
      if (isStored) table.storable = (key, value) => checkStateStorable(id, key, value)
    }
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
