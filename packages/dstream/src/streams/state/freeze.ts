import { isImmutable } from 'immutable'
import { stateNotData } from '../../base/errors/state.js'
import { isPlain } from '../../base/is-plain.js'
import { Duration } from '../../base/time/duration.js'
import { Time } from '../../base/time/time.js'
import { checkCopyable, copyOf, type Copying } from './copy.js'

/**
 * State values must not be changed in place: a failed batch could not be undone, and old views would change. Plain objects
 * and arrays are frozen. Other objects (Map, Set, Date, typed arrays, instances of classes) cannot be frozen; a value that
 * contains one is *unfreezable*, and every reader gets a copy of it.
 */

/** The frozen containers with an unfreezable part. Most programs have none; `anyUnfreezable` then saves the lookup. */
const unfreezable = new WeakSet<object>()
let anyUnfreezable = false
/** The objects frozen before an error was found in their value: they are refused the next time too. */
const refused = new WeakMap<object, Error>()

/**
 * Freezes plain objects and arrays deeply. Frozen objects are not visited again, so the cost follows the new parts; the
 * inner parts of an object that a user froze only at its surface stay unfrozen.
 *
 * @throws `state-not-data` for functions, symbols, promises and other values that cannot be copied and stored
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
  anyUnfreezable = true
  // Marks all of them, not only those on the path to the unfreezable part: a mark too many costs a copy, a mark too few
  // lets a reader change the state.
  for (const part of frozen) unfreezable.add(part)
}

/** Freezes the parts of a value. @returns whether one of them is unfreezable */
function freezeParts(value: unknown, frozen: object[]): boolean {
  let hasUnfreezable = false
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const part = pending.pop()
    if (typeof part === 'function' || typeof part === 'symbol') throw stateNotData(part, typeof part)
    if (typeof part !== 'object' || part === null || isImmutable(part)) continue
    if (!isPlain(part)) {
      if (isTimeValue(part)) continue
      checkCopyable(part)
      hasUnfreezable = true
    } else if (Object.isFrozen(part)) {
      const error = refused.get(part)
      if (error !== undefined) throw error
      hasUnfreezable ||= unfreezable.has(part)
    } else {
      frozen.push(Object.freeze(part))
      for (const name of Object.keys(part)) pending.push((part as Record<string, unknown>)[name])
    }
  }
  return hasUnfreezable
}

/** Returns the value itself when it cannot be changed, else a copy for one reader. */
export function copyForCall<S>(value: S): S {
  return needsCopy(value) ? copyOf(value, copyingForCall) : value
}

/** Returns whether readers of this state get copies. */
export function needsCopy(value: unknown): boolean {
  if (!anyUnfreezable || typeof value !== 'object' || value === null || isImmutable(value)) return false
  return isPlain(value) ? unfreezable.has(value) : !isTimeValue(value)
}

const copyingForCall: Copying = {
  isShared: (part) =>
    isImmutable(part) || isTimeValue(part) || (Object.isFrozen(part) && isPlain(part) && !unfreezable.has(part)),
  frozen: (copy) => unfreezable.add(copy),
}

/** Returns whether a value is a Time or a Duration, which cannot be changed. */
function isTimeValue(value: object): boolean {
  return value instanceof Time || value instanceof Duration
}
