import type { ValueObject } from 'immutable'
import { keyNotAllowed } from '../errors/keys.js'
import { canonicalOf, intern } from './intern.js'
import { encode } from './encode.js'

/**
 * What may be a key. Keys are compared by value: primitives (−0 is 0, NaN equals NaN, 1 ≠ '1' ≠ 1n), arrays of keys
 * element by element, immutable's collections as `immutable.is` compares them.
 */
export type Key = string | number | bigint | boolean | null | readonly Key[] | ValueObject

/** What to use in a native `Map`, so that its notion of equality is that of keys. */
export type MapKey = Key

/**
 * The key to use in a native `Map` or `Set`. Primitives are their own; for an array or a collection it is the one frozen
 * object that stands for all equal ones as long as somebody holds it, so that iterating the Map gives real keys.
 * Hot loops spare the call: `typeof k === 'string' || typeof k === 'number' ? k : keyOf(k)`.
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

/**
 * A text that is the same for equal keys and for no others, in every process.
 * @throws `key-not-allowed`
 */
export function encodeKey(key: unknown): string {
  return typeof key === 'object' && key !== null ? canonicalOf(key).encoding : encode(key)
}
