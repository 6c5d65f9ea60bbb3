import type { EncodedChanges, EncodedPieces } from '../../base/values/encoded-changes.js'
import type { MergePlan } from './stage-plans.js'

/** What a worker needs for the update of a partition of a state. */
export interface StateInput {
  /** The pairs of the batch that belong to the partition. */
  readonly records: readonly (readonly [unknown, unknown])[]
  /** The batch time in milliseconds. */
  readonly time: number
  /** The name of the copy that the update builds on. */
  readonly on: string
  /** Reads the partition as it is here, in pieces; `undefined` where a worker is expected to have the copy. */
  readonly base: StateBase | undefined
  /** The keys that the update is expected to look at. */
  readonly keys: number
  /** Whether the worker is to return the entries before the update as well. */
  readonly wantsEntries: boolean
  /** How blocks are merged that a map side has left: the pairs are in these. `undefined` where they are `records`. */
  readonly merge?: MergePlan | undefined
}

/** A partition of a state, to make a copy of. */
export type StateBase =
  | {
      /** The batch time of its last version; `undefined` before the first. */
      readonly version: number | undefined
      /** Reads its entries, in pieces of plain data. */
      readonly pieces: () => Iterable<unknown>
    }
  /** Its entries as of a version, and the changes of later batches, as they are kept here. */
  | { readonly version: number; readonly packed: EncodedPieces; readonly deltas: readonly EncodedChanges[] }
