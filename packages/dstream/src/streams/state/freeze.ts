import { isImmutable } from 'immutable'
import { stateNotData } from '../../base/errors/state.js'
import { isPlain } from '../../base/is-plain.js'
import { checkCopyable, copyOf, type Copying } from './copy.js'

/**
 * A state value is a value: nobody may change it in place, or a failed batch could not be undone and old views would
 * change. What can be frozen is; what cannot (Map, Set, Date, typed arrays, instances of classes) makes the value
 * *loose*, and every reader gets a copy of it.
 */

/** Frozen containers with something loose inside. There is none in most programs, and then nobody looks here. */
const loose = new WeakSet<object>()
let anyLoose = false
/** What was frozen before something that is no data was found in it is refused the next time too. */
const refused = new WeakMap<object, Error>()

/**
 * Freezes plain objects and arrays deeply. What is frozen already is not visited, so the cost follows what is new; what
 * a user froze only at its surface stays open below it.
 * @throws `state-not-data` for functions, symbols, promises and other things that are no data
 */
export function freezeState(value: unknown): void {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return
  const frozen: object[] = []
  try {
    if (!freezeParts(value, frozen)) return
  } catch (error) {
    for (const part of frozen) refused.set(part, error as Error)
    throw error
  }
  anyLoose = true
  // All of them, not only those on the way to the loose part: one too many costs a copy, one too few costs the state.
  for (const part of frozen) loose.add(part)
}

/** Whether something loose is in it. */
function freezeParts(value: unknown, frozen: object[]): boolean {
  let isLoose = false
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const part = pending.pop()
    if (typeof part === 'function' || typeof part === 'symbol') throw stateNotData(part, typeof part)
    if (typeof part !== 'object' || part === null || isImmutable(part)) continue
    if (!isPlain(part)) {
      checkCopyable(part)
      isLoose = true
    } else if (Object.isFrozen(part)) {
      const error = refused.get(part)
      if (error !== undefined) throw error
      isLoose ||= loose.has(part)
    } else {
      frozen.push(Object.freeze(part))
      for (const name of Object.keys(part)) pending.push((part as Record<string, unknown>)[name])
    }
  }
  return isLoose
}

/** The value itself where nobody can change it, else a copy for one reader. */
export function copyForCall<S>(value: S): S {
  return needsCopy(value) ? copyOf(value, lending) : value
}

/** Whether readers of this state get copies. */
export function needsCopy(value: unknown): boolean {
  if (!anyLoose || typeof value !== 'object' || value === null || isImmutable(value)) return false
  return isPlain(value) ? loose.has(value) : true
}

const lending: Copying = {
  isShared: (part) => isImmutable(part) || (Object.isFrozen(part) && isPlain(part) && !loose.has(part)),
  frozen: (copy) => loose.add(copy),
}
