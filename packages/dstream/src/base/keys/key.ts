import type { ValueObject } from 'immutable'
import { keyNotAllowed } from '../errors/keys.js'
import { intern } from './intern.js'

/**
 * A value that may be a key. Keys are compared by value: primitives (−0 is 0, NaN equals NaN, 1 ≠ '1' ≠ 1n), arrays of
 * keys element by element, immutable's collections as `immutable.is` compares them.
 *
 * `readonly []` adds no value. It makes TypeScript infer an array that is written in place as a tuple, `[string, number]`,
 * where a key is expected.
 */
export type Key = string | number | bigint | boolean | null | readonly Key[] | readonly [] | ValueObject

/** A key in the form under which a native `Map` or `Set` finds it: see {@link keyOf}. */
export type MapKey = Key

/**
 * Returns the key to use in a native `Map` or `Set`. A primitive is its own; an array or a collection is replaced by the
 * one frozen object that stands for all equal ones as long as it is referenced, so that iterating the Map gives real keys.
 * @throws `key-not-allowed` for undefined, functions, symbols, plain objects, Dates and the like
 */
export function keyOf(key: unknown): MapKey {
  switch (typeof key) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return key
    case 'object':
      return key === null ? null : (intern(key) as MapKey)
    default:
      throw keyNotAllowed(key, key)
  }
}

/** Does the same as {@link keyOf}, for hot loops: V8 inlines it, and strings and numbers cost no call. */
export function fastKeyOf(key: unknown): MapKey {
  return typeof key === 'string' || typeof key === 'number' ? key : keyOf(key)
}
