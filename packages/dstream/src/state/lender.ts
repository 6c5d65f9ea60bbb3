import type { Cell } from './cell.js'
import { isLooseState, lend } from './freeze.js'

/**
 * Hands states to a user's function that is called several times for one key in a batch. What cannot be frozen is copied
 * once per key and batch, so that a later call finds what an earlier one did to its copy, and the state itself stays.
 */
export class Lender<S> {
  readonly #lent = new Map<Cell<S>, S>()

  /** The state of a cell that has one. */
  of(cell: Cell<S>): S {
    const value = cell.value as S
    if (!isLooseState(value)) return value
    const known = this.#lent.get(cell)
    if (known !== undefined) return known
    const copy = lend(value)
    this.#lent.set(cell, copy)
    return copy
  }

  /** The function has made this the state: it is its own already. */
  own(cell: Cell<S>, value: S): void {
    if (isLooseState(value)) this.#lent.set(cell, value)
    else this.#lent.delete(cell)
  }

  /** Forgets what the function may have done to its copy. */
  takeBack(cell: Cell<S>): void {
    this.#lent.delete(cell)
  }
}
