import type { MaybePromise } from '../../base/maybe-promise.js'
import type { Logger, Storage } from '../../base/ports.js'
import type { AnyFunction } from '../../rdd/plan/lineage.js'
import type { RDD } from '../../rdd/rdd.js'
import type { CallSite } from './call-site.js'
import type { Operator, RDDFunction } from './operator.js'

/** One attempt of an output to be done with a batch; the third argument of a `foreachRDD` function. */
export interface Attempt {
  /** 1 for the first attempt of this run of the program. */
  readonly number: number
  /** True when an earlier run of the program has begun the batch, or this output of it. */
  readonly replayed: boolean
  /** Aborted when the attempt has taken longer than the output's `timeout`, or when the context stops without it. */
  readonly signal: AbortSignal
  /**
   * The header by which another process makes its spans children of this attempt; only where the program has registered a
   * provider of OpenTelemetry's traces.
   */
  readonly traceparent?: string | undefined
}

/** The surroundings that a context gives to its outputs when it opens them. */
export interface OutputHost {
  /** The `appName` of the context. */
  readonly job: string
  /** The id of the output. */
  readonly output: string
  /** Returns the storage to write through: the given one, or in a test a view of it that can crash. */
  wrapStorage(storage: Storage): Storage
  /** The logger of the context, for a place that is waited for. */
  readonly logger?: Logger | undefined
}

/** The decision about an output whose attempts on a batch are used up. */
export type FailureAction = 'stop' | 'skip'

/** An output that has failed for good on a batch. */
export interface FailedBatch {
  /** The id of the output. */
  readonly output: string
  /** The batch time in milliseconds. */
  readonly batchTime: number
  /** The number of attempts that were made. */
  readonly attempts: number
}

/** Decides about an output whose attempts are used up, given the error of the last attempt. */
export type OnFailure = FailureAction | ((error: unknown, failed: FailedBatch) => MaybePromise<FailureAction>)

/** The rules for an output whose attempts fail. Times are milliseconds. */
export interface DeliveryPolicy {
  /** The number of attempts on one batch; `Infinity` never gives up. */
  readonly attempts: number
  /** The pause after the first failure; each further pause is twice as long. */
  readonly backoffMs: number
  readonly maxBackoffMs: number
  /** The longest that one attempt may take; `undefined` for no limit. */
  readonly timeoutMs: number | undefined
  readonly onFailure: OnFailure
  /** The bytes of records that may wait for this output. */
  readonly maxBehindBytes: number
  /** `batch`: an output is done with a batch before it sees a later one. `any`: later batches pass one that is tried again. */
  readonly order: 'batch' | 'any'
}

/** An output of the graph. Outputs run in order of registration, once per batch time on the parent's slide. */
export interface OutputNode {
  readonly index: number
  readonly id: string
  /** False when the user gave the id with `uid`. */
  readonly derived: boolean
  readonly kind: string
  readonly params: Readonly<Record<string, unknown>>
  readonly definedAt: CallSite
  readonly parent: Operator
  /** True when `run` hands the RDD to a user's function, which may run several actions on it. */
  readonly handsOutRDD: boolean
  /** The user's function that gets the RDD, where its text may prove that it is evaluated once. */
  readonly rddFunction?: RDDFunction
  /**
   * The user's functions that the output calls with partitions. Another thread finds a function by the id of the output and its
   * index here, its slot.
   */
  readonly functions?: readonly AnyFunction[]
  /**
   * What may be done elsewhere, partition by partition: calls, of which two at once would meet, or parts, each in a file of its own.
   */
  readonly byPartition?: 'calls' | 'parts' | undefined
  /** Why an output of a kind that others may do elsewhere is not. */
  readonly staysSince?: string | undefined
  /** The rules that this output sets itself; the others are those of the context. */
  readonly delivery?: Partial<DeliveryPolicy>
  run(rdd: RDD<never>, time: number, attempt: Attempt): Promise<void>
  /** Whether an error says that the store is away for a while. Such a failure uses up no attempt. */
  isTransient?(error: unknown): boolean
  /** Called once before the first batch, as `close` is called once after the last. */
  open?(host?: OutputHost): Promise<void>
  close?(): Promise<void>
  /** Returns the time of the last batch that the output holds, in milliseconds, once it is open. */
  lastCommitted?(): number | undefined
}

export type OutputSpec = Omit<OutputNode, 'index' | 'id' | 'derived' | 'definedAt'>
