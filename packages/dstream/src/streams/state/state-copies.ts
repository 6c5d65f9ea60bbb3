import type { Cell } from './cell.js'
import { needsCopy, copyForCall } from './freeze.js'

/**
 * Hands states to a user's function that is called several times for one key in a batch. An unfreezable state is copied
 * once per key and batch: a later call sees what an earlier one changed in the copy, and the state itself is unchanged.
 */
export class StateCopies<S> {
  readonly #copies = new Map<Cell<S>, S>()
  readonly #everyCall: boolean

  /** With `everyCall`, a failed call may be skipped, so each call gets a copy of its own. */
  constructor(everyCall: boolean) {
    this.#everyCall = everyCall
  }

  /** Returns the state of a cell that has one. */
  of(cell: Cell<S>): S {
    const value = cell.value as S
    if (!needsCopy(value)) return value
    if (this.#everyCall) return copyForCall(value)
    const known = this.#copies.get(cell)
    if (known !== undefined) return known
    const copy = copyForCall(value)
    this.#copies.set(cell, copy)
    return copy
  }

  /** Notes that the function itself has made this value the state, so that its next call needs no copy. */
  own(cell: Cell<S>, value: S): void {
    if (needsCopy(value) && !this.#everyCall) this.#copies.set(cell, value)
  }
}
