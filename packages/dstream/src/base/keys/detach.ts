import { detachString } from './detach-string.js'
import { intern } from './intern.js'

/**
 * Returns a key that a table may hold for long. A word cut out of a message keeps the whole message in memory, so strings
 * are copied. An array or a collection is replaced by the object that stands for all equal ones, whose strings are copies.
 * @throws `key-not-allowed` for an object that is no key
 */
export function detachKey<K>(key: K): K {
  if (typeof key === 'string') return detachString(key) as K & string
  return typeof key === 'object' && key !== null ? (intern(key) as K & object) : key
}
