import { Time } from '../../base/time/time.js'
import type { CalledAttempt } from './stage-runner.js'

/** The surroundings of one call of a `foreachPartition` function. */
export interface PartitionContext {
  /** The end of the interval of the batch: the same in every attempt, and after a crash. */
  readonly time: Time
  /** The index of the partition, from 0: the same in every attempt. */
  readonly partition: number
  /** The number of the attempt, from 1. */
  readonly attempt: number
  /** Whether an earlier run of the program has begun the batch. */
  readonly replayed: boolean
  /** Aborted when the attempt has taken longer than the output's `timeout`, or when the context stops without it. */
  readonly signal: AbortSignal
}

/** @param signalOf returns the signal when it is asked for */
export function partitionContext(
  { time, attempt, replayed }: CalledAttempt,
  partition: number,
  signalOf: () => AbortSignal,
): PartitionContext {
  return {
    time: new Time(time),
    partition,
    attempt,
    replayed,
    get signal() {
      return signalOf()
    },
  }
}
