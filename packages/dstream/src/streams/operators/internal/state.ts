import {
  removeTwice,
  removeWhileTimingOut,
  stateNotSet,
  stateOutsideCall,
  updateAfterRemove,
  updateWhileTimingOut,
  updateWithNothing,
} from '../../../base/errors/state.js'
import { handOut } from '../../state/own.js'
import type { Key } from '../../../base/keys/key.js'

/** The state of one key, as a `mapWithState` function sees it during one call. */
export interface State<S> {
  /** Returns whether the key has a state now: false before the first `update` and after `remove`. */
  exists(): boolean
  /** Returns the state: a copy that the call may change, and a change counts once `update` is called. @throws `state-not-set` when there is none */
  get(): Readonly<S>
  /** Returns the state, or `undefined`. */
  getOption(): Readonly<S> | undefined
  /** Sets the state, of which a copy is kept. @throws after `remove`, and while timing out */
  update(value: S | Readonly<S>): void
  /** Removes the state and its key. @throws when it has been removed in this call already, and while timing out */
  remove(): void
  /** Returns true only in the last call of a key that times out. */
  isTimingOut(): boolean
}

/** The `State` of all calls of a batch. @throws `state-outside-call` when a function uses it after its call */
export class CalledState<S> implements State<S> {
  #key: Key = null
  /** The state as it is kept, until an update. */
  #value: S | undefined
  /** The copy that this call has been handed. */
  #handed: S | undefined
  #timingOut = false
  #open = false
  updated = false
  removed = false

  begin(key: Key, value: S | undefined, timingOut: boolean): this {
    this.#key = key
    this.#value = value
    this.#handed = undefined
    this.#timingOut = timingOut
    this.#open = true
    this.updated = false
    this.removed = false
    return this
  }

  /** The state after the call. */
  get value(): S | undefined {
    return this.#value
  }

  /** The copy of the state that the call was handed, unless it cannot be changed or the call has not asked for it. */
  get handed(): S | undefined {
    return this.#handed
  }

  end(): void {
    this.#open = false
    this.#value = undefined
    this.#handed = undefined
  }

  exists(): boolean {
    this.#mustBeOpen()
    return this.#value !== undefined
  }

  get(): S {
    const value = this.getOption()
    if (value === undefined) throw stateNotSet(this.#key)
    return value
  }

  getOption(): S | undefined {
    this.#mustBeOpen()
    if (typeof this.#value !== 'object' || this.updated) return this.#value
    return (this.#handed ??= handOut(this.#value))
  }

  update(value: S): void {
    this.#mustBeOpen()
    if (this.removed) throw updateAfterRemove(this.#key)
    if (this.#timingOut) throw updateWhileTimingOut(this.#key)
    if (value === undefined) throw updateWithNothing(this.#key)
    this.#value = value
    this.updated = true
  }

  remove(): void {
    this.#mustBeOpen()
    if (this.#timingOut) throw removeWhileTimingOut(this.#key)
    if (this.removed) throw removeTwice(this.#key)
    this.#value = undefined
    this.updated = false
    this.removed = true
  }

  isTimingOut(): boolean {
    this.#mustBeOpen()
    return this.#timingOut
  }

  toString(): string {
    return this.#value === undefined ? '<state not set>' : String(this.#value)
  }

  #mustBeOpen(): void {
    if (!this.#open) throw stateOutsideCall(this.#key)
  }
}
