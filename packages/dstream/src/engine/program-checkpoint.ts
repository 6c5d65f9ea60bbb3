import type { Storage } from '../base/ports.js'
import type { CheckpointOptions } from '../durable/checkpoint/checkpoint.js'
import type { MatchPlan } from '../durable/checkpoint/match.js'
import { checkOpenable, holdsCommits, planResume } from '../durable/checkpoint/open-checkpoint.js'
import { firstBatchTime } from './batch/ticker.js'
import type { EngineOptions } from './engine-options.js'
import { takeLock } from './take-lock.js'
import { signaturesOf } from './recovery/operator-signature.js'
import { gridsAfter } from './recovery/start-time.js'

/** Version of the engine as a checkpoint records it. */
const ENGINE = '0.1'

/** The parts of a checkpoint that begin with a run. */
export interface NewRun {
  /** The first batch time after now, in milliseconds. */
  readonly liveMs: number
  /** The identity of the job, if it begins with this run. */
  readonly newJob: string
}

/** Describes the program to the checkpoint that `storage` holds or will hold. */
export function checkpointOptions(
  { graph, inputs, logger, ...options }: EngineOptions,
  storage: Storage,
  { liveMs, newJob }: NewRun,
): CheckpointOptions {
  const { batchMs, missedBatches } = options
  const slides = new Map(graph.nodes.map(({ id, operator }) => [id, operator.slideMs]))
  return {
    storage,
    operators: signaturesOf(graph, inputs),
    outputs: graph.outputs.map(({ id }) => id),
    allowDroppedOutputs: options.allowDroppedOutputs,
    newJob,
    zeroTime: liveMs - batchMs,
    batchMs,
    gridsAfter: (stored) => gridsAfter(stored, { batchMs, slides, missedBatches, liveMs }),
    engine: ENGINE,
    existing: options.onExistingCheckpoint,
    allowDropped: options.allowDroppedState,
    codec: (streamId, id) => inputs.all[streamId]?.codec?.(id),
    yielder: options.yielder,
    now: () => options.clock.now(),
    onCrashPoint: options.onCrashPoint,
    limits: options.limits,
    onWork: options.work.report,
    retry: {
      forMs: options.storageRetryMs,
      pause: options.pause,
      failed: (err) =>
        logger.warn(
          { err },
          `The checkpoint cannot be written. The job waits and tries again for up to ${options.storageRetryMs / 1000} s.`,
        ),
      recovered: (afterMs) => logger.info({}, `The checkpoint is written again, after ${afterMs / 1000} s.`),
    },
    snapshotMs: Math.min(...graph.nodes.map(({ checkpointMs = Infinity }) => checkpointMs)),
    onSnapshotError: (err) =>
      logger.warn(
        { err },
        'A snapshot of the state could not be written. The job goes on, and its log grows meanwhile.',
      ),
  }
}

/** Whether the storage holds a readable checkpoint from which a start would go on. Only reads. */
export function holdsCheckpoint(storage: Storage): Promise<boolean> {
  return holdsCommits(storage).catch(() => false)
}

/** Reads and matches the checkpoint without writing. @throws each error that opening an engine would throw */
export async function dryRun(options: EngineOptions): Promise<void> {
  const { storage, clock, batchMs } = options
  if (storage === undefined) return
  const release = await takeLock(storage, options)
  try {
    const newRun = { liveMs: firstBatchTime(clock.now(), batchMs), newJob: '' }
    await checkOpenable(checkpointOptions(options, storage, newRun))
  } finally {
    await release()
  }
}

/** Returns the plan by which the program would take over the state in `storage`; only reads. */
export function resumePlan(options: EngineOptions, storage: Storage): Promise<MatchPlan> {
  const { graph, inputs, allowDroppedState, batchMs } = options
  return planResume(storage, { operators: signaturesOf(graph, inputs), allowDropped: allowDroppedState, batchMs })
}
