import type { Cell } from './cell.js'
import { needsCopy, copyForCall } from './freeze.js'

/**
 * Hands states to a user's function that is called several times for one key in a batch. What cannot be frozen is copied
 * once per key and batch, so that a later call finds what an earlier one did to its copy, and the state itself stays.
 */
export class StateCopies<S> {
  readonly #lent = new Map<Cell<S>, S>()
  readonly #everyCall: boolean

  /** `everyCall`: a call may be taken back, so each gets a copy of its own. */
  constructor(everyCall: boolean) {
    this.#everyCall = everyCall
  }

  /** The state of a cell that has one. */
  of(cell: Cell<S>): S {
    const value = cell.value as S
    if (!needsCopy(value)) return value
    if (this.#everyCall) return copyForCall(value)
    const known = this.#lent.get(cell)
    if (known !== undefined) return known
    const copy = copyForCall(value)
    this.#lent.set(cell, copy)
    return copy
  }

  /** The function has made this the state: it is its own already. */
  own(cell: Cell<S>, value: S): void {
    if (needsCopy(value) && !this.#everyCall) this.#lent.set(cell, value)
  }
}
