import { isImmutable } from 'immutable'
import { stateNotData } from '../errors/state.js'
import { checkCopyable, copyOf, isPlain } from './copy.js'

/**
 * A state value is a value: nobody may change it in place, or a failed batch could not be undone and old views would
 * change. What can be frozen is; what cannot (Map, Set, Date, typed arrays, instances of classes) makes the value
 * *loose*, and every reader gets a copy of it.
 */

/** Frozen containers with something loose inside. There is none in most programs, and then nobody looks here. */
const loose = new WeakSet<object>()
let anyLoose = false

/**
 * Freezes plain objects and arrays deeply. What is frozen already is not visited, so the cost follows what is new; what
 * a user froze only at its surface stays open below it.
 * @throws `state-not-data` for functions, symbols, promises and other things that are no data
 */
export function freezeState(value: unknown): void {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return
  const frozen: object[] = []
  let isLoose = false
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const part = pending.pop()
    if (typeof part === 'function' || typeof part === 'symbol') throw stateNotData(part, typeof part)
    if (typeof part !== 'object' || part === null || isImmutable(part)) continue
    if (!isPlain(part)) {
      checkCopyable(part)
      isLoose = true
    } else if (Object.isFrozen(part)) isLoose ||= loose.has(part)
    else {
      frozen.push(Object.freeze(part))
      for (const name of Object.keys(part)) pending.push((part as Record<string, unknown>)[name])
    }
  }
  if (!isLoose) return
  anyLoose = true
  // All of them, not only those on the way to the loose part: one too many costs a copy, one too few costs the state.
  for (const part of frozen) loose.add(part)
}

/** The value itself where nobody can change it, else a copy for one reader. */
export function lend<S>(value: S): S {
  return anyLoose && isLooseState(value) ? copyOf(value, lendPart) : value
}

/** Whether readers of this state get copies. */
export function isLooseState(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || isImmutable(value)) return false
  return isPlain(value) ? loose.has(value) : true
}

/** How {@link copyOf} treats a frozen container: shared where it can be, else copied and frozen again. */
function lendPart(part: object): 'share' | 'freeze' | 'open' {
  if (isImmutable(part)) return 'share'
  if (!Object.isFrozen(part)) return 'open'
  return isPlain(part) && !loose.has(part) ? 'share' : 'freeze'
}
