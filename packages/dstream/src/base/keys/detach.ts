import { detachString } from './detach-string.js'
import { intern } from './intern.js'

/**
 * The key as a table may keep it for long. A word cut out of a message keeps the whole message in memory for as long as
 * the word lives: strings are copied; an array or a collection is replaced by the object that stands for it, whose
 * strings are copies.
 * @throws `key-not-allowed` for an object that is no key
 */
export function detachKey<K>(key: K): K {
  if (typeof key === 'string') return detachString(key) as K & string
  return typeof key === 'object' && key !== null ? (intern(key) as K & object) : key
}
