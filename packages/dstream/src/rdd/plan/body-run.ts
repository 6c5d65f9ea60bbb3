import type { BodyTrace } from './body-trace.js'

/** A run of a user's function that makes RDDs, as plain data: what another run of it needs to make the same functions. */
export interface BodyRun {
  /** The id of the operator. */
  readonly id: string
  /** The batch time in milliseconds. */
  readonly time: number
  readonly inputs: readonly BodyInput[]
  /** A hash of what it has built. */
  readonly digest: string
}

/** An RDD that a user's function is given. */
export interface BodyInput {
  readonly numPartitions: number
  /** How its keys are distributed; a partitioner of the user's own cannot be made elsewhere. */
  readonly by: 'nothing' | 'hash' | 'own'
}

/** What a user's function has built in a batch. */
export interface Built {
  /** The operator that it is the function of. */
  readonly by: object
  readonly time: number
  readonly inputs: readonly BodyInput[]
  readonly trace: BodyTrace
}
