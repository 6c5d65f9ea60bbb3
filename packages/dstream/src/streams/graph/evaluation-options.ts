import type { BatchTimes } from '../../base/time/batch-times.js'
import type { Profile } from '../../rdd/plan/profile.js'
import type { Operator } from './operator.js'
import type { OutputNode } from './output.js'

/** The batches of an earlier run, as far as they can be read again. */
export interface EarlierRun {
  /** The last batch that it has committed. */
  readonly untilMs: number
  /** The time after which all batch times are known; the times of older batches, whose data is dropped, are forgotten. */
  readonly knownAfterMs: number
  /** Whether the received data of a batch is kept. */
  isKept(time: number): boolean
}

export interface EvaluationOptions {
  readonly times: BatchTimes
  readonly earlier?: EarlierRun | undefined
  /** The time for which the program remembers every stream, in milliseconds. */
  readonly leastMs: number
  /** Operator → how long its RDDs can be had, in milliseconds: the result of `rememberTimes`. */
  readonly retention: ReadonlyMap<Operator, number>
  /** The result of `singleUses`. */
  readonly singleUses: ReadonlySet<Operator | OutputNode>
  /** Returns when a kept record of an operator can be stored, and throws otherwise; absent without a checkpoint. */
  readonly storable?: ((operator: string, record: unknown) => void) | undefined
  /** Measures the time by operator; absent where nothing reads it. */
  readonly profile?: Profile | undefined
}
