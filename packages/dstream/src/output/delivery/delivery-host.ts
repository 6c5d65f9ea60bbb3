import type { Clock, Logger } from '../../base/ports.js'
import type { Random } from '../../base/random.js'
import type { RDD } from '../../rdd/rdd.js'
import type { OutputNode } from '../../streams/graph/output.js'
import type { OutputAttempt } from './output-attempt.js'

/** The failure of one attempt. */
export interface FailedAttempt {
  readonly output: OutputNode
  readonly time: number
  readonly error: unknown
  /** The number of the attempt, from 1. */
  readonly attempt: number
  /** The time until the next attempt, in milliseconds; `undefined` when there is none. */
  readonly pauseMs: number | undefined
}

/** The surroundings of the queues: the engine. */
export interface DeliveryHost {
  readonly clock: Clock
  readonly logger: Logger
  readonly random: Random
  /** True on a clock that a test moves: pauses take no time, and a batch waits for every attempt that is due. */
  readonly virtualTime: boolean
  /** Measures the timeouts of attempts; on a virtual clock it is the real one. */
  readonly timeoutClock: Clock
  /** Whether an operator above the output has yet to pass the batch. */
  isBlocked(output: OutputNode, time: number): boolean
  /** Returns the input of a batch once more; `undefined` when the output has none for it. @throws what its evaluation throws */
  read(output: OutputNode, time: number): Promise<RDD<unknown> | undefined>
  /** Runs one attempt, with its events. @throws what the output throws */
  run(output: OutputNode, rdd: RDD<unknown>, time: number, attempt: OutputAttempt): Promise<void>
  /** Whether another attempt would fail in the same way: a synchronous function of the user threw. */
  isPermanent(error: unknown): boolean
  /** Returns the error that the user's function threw, as it was thrown. */
  causeOf(error: unknown): unknown
  /** Receives each failure. */
  failed(failure: FailedAttempt): void
  /** Stops the job with the error of an output that has failed for good. */
  stop(error: unknown): void
}
