import type { LockOptions } from './take-lock.js'
import type { CrashHook } from '../base/crash-points.js'
import type { UserCode } from '../base/user-code.js'
import type { Clock, Storage, Yielder } from '../base/ports.js'
import type { CheckpointLimits } from '../durable/checkpoint/checkpoint.js'
import type { InputSources } from '../input/sources/input-sources.js'
import type { ListenerBus } from '../observe/listener-bus.js'
import type { LongWork } from '../observe/long-work.js'
import type { ProgressLog, TaskFigures } from '../observe/progress.js'
import type { RDDContext } from '../rdd/rdd-context.js'
import type { GraphEvaluation } from '../streams/graph/graph-evaluation.js'
import type { Graph } from '../streams/graph/graph.js'
import type { DeliveryPolicy } from '../streams/graph/output.js'
import type { Failure } from './batch/failure.js'
import type { OperatorFailure } from './batch/stateful-operators.js'

/** The program that an engine runs, and the ports it runs on. All times are milliseconds. */
export interface EngineOptions extends LockOptions {
  readonly graph: Graph
  readonly inputs: InputSources
  readonly sc: RDDContext
  readonly bus: ListenerBus
  readonly progress: ProgressLog
  /** Returns the counts of tasks since the last call, where there are threads. */
  readonly takeTasks: (() => TaskFigures) | undefined
  /** Follows what takes long. */
  readonly work: LongWork
  /** Receives the time of each batch whose outputs have been given it, before its data is forgotten. */
  readonly onEvaluated: ((time: number, evaluation: GraphEvaluation) => Promise<void>) | undefined
  /** Returns the header for traces of the attempt of an output that is under way. */
  readonly traceparent: ((output: number, time: number) => string | undefined) | undefined
  readonly clock: Clock
  readonly yielder: Yielder
  readonly onCrashPoint: CrashHook | undefined
  /** Thresholds of logs and snapshots; only tests change them. */
  readonly limits: CheckpointLimits | undefined
  readonly batchMs: number
  readonly rememberMs: number
  /** The rules of an output that sets none itself. */
  readonly delivery: DeliveryPolicy
  /** Measures the timeouts of outputs; the real clock, also where `clock` is a virtual one. */
  readonly timeoutClock: Clock
  /** True on a clock that a test moves: pauses between attempts take no time. */
  readonly virtualTime: boolean
  /** Keeps state and unfinished work; without a storage they live in memory only. */
  readonly storage: Storage | undefined
  /** Whether the storage is there to recover from; that of the testing kit may only stand in for one. */
  readonly recovers: boolean
  /** Returns the storage through which an output writes; the testing kit returns one that can crash. */
  readonly wrapStorage: (storage: Storage) => Storage
  /** How long a failed write of the checkpoint is tried again. */
  readonly storageRetryMs: number
  readonly onExistingCheckpoint: 'resume' | 'refuse' | 'discard'
  readonly allowDroppedState: readonly string[]
  readonly allowDroppedOutputs: readonly string[]
  readonly missedBatches: 'run' | 'skip'
  readonly onOutputAhead: 'refuse' | 'continue'
  readonly onClockBehind: 'wait' | 'continue'
  /** Runs the functions of outputs. */
  readonly userCode: UserCode
  /** Receives each failure of a user's function. */
  readonly failed: (failure: Failure) => void
  /** Draws the consequence of a stateful operator's failure. */
  readonly operatorFailed: (failed: OperatorFailure, failure: Failure) => void
  /** Stops the context with the error of an output that has failed for good. */
  readonly stop: (error: unknown) => void
  /** Receives the error of a batch that could not be finished; the context cannot go on. */
  readonly fatal: (error: unknown) => void
}
