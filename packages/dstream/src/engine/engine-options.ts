import type { CrashHook } from '../base/crash-points.js'
import type { Clock, Logger, Storage, Yielder } from '../base/ports.js'
import type { CheckpointLimits } from '../durable/checkpoint/checkpoint.js'
import type { InputSources } from '../input/sources/input-sources.js'
import type { ListenerBus } from '../observe/listener-bus.js'
import type { ProgressLog } from '../observe/progress.js'
import type { RDDContext } from '../rdd/rdd-context.js'
import type { Graph } from '../streams/graph/graph.js'
import type { Failure } from './batch/failure.js'

/** The program that an engine runs, and the ports it runs on. All times are milliseconds. */
export interface EngineOptions {
  readonly appName: string
  readonly graph: Graph
  readonly inputs: InputSources
  readonly sc: RDDContext
  readonly bus: ListenerBus
  readonly progress: ProgressLog
  readonly clock: Clock
  readonly yielder: Yielder
  readonly logger: Logger
  readonly onCrashPoint: CrashHook | undefined
  /** Thresholds of logs and snapshots; only tests change them. */
  readonly limits: CheckpointLimits | undefined
  readonly batchMs: number
  readonly rememberMs: number
  readonly maxAttempts: number
  /** Keeps state and unfinished work; without a storage they live in memory only. */
  readonly storage: Storage | undefined
  /** Returns the storage through which an output writes; the testing kit returns one that can crash. */
  readonly wrapStorage: (storage: Storage) => Storage
  readonly onExistingCheckpoint: 'resume' | 'refuse' | 'discard'
  readonly allowDroppedState: readonly string[]
  readonly missedBatches: 'run' | 'skip'
  readonly onOutputAhead: 'refuse' | 'continue'
  readonly onClockBehind: 'wait' | 'continue'
  /** Receives each failure of a user's function. */
  readonly failed: (failure: Failure) => void
  /** Receives the error of a batch that could not be finished; the context cannot go on. */
  readonly fatal: (error: unknown) => void
}
