import type { Key } from '../../../base/keys/key.js'
import type { PartitionOptions } from '../../../base/keys/partitioner.js'
import type { StatePairs } from './initial-states.js'

/** Options of the operators with a state per key. */
export interface StateOptions<K extends Key, S> extends PartitionOptions {
  /** The states to begin with, as old as the first batch; of a key that is named twice the first pair counts. */
  initialState?: StatePairs<K, S> | undefined
  /** The version of the stored form of the states; default 1. */
  version?: number | undefined
  /** Reads a state that an older version of the program has stored. */
  migrate?: ((old: unknown, from: number) => S) | undefined
}
