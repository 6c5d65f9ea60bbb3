import type { Key } from '../../base/keys/key.js'

/** One stored key. Keys are stored in order of first arrival. */
export interface StateEntry<S> {
  readonly key: Key
  readonly value: S
  /** The batch time of the last change or touch. */
  readonly touched: number
  /** Orders the keys touched in one batch by their last touch; its size has no meaning. */
  readonly touchSequence?: number | undefined
}

/**
 * The change of one key by a batch. Applying changes to a native Map in order, with `set` for a value and `delete` for a
 * dropped key, gives the entries in the right order.
 */
export interface Change<S> {
  readonly key: Key
  /** `undefined` for a dropped key. */
  readonly value: S | undefined
  readonly touched: number
  readonly touchSequence: number
  readonly gone: boolean
}
