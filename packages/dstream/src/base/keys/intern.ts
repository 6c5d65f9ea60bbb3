import { encode } from './encode.js'
import { hashString } from './hash-string.js'
import { ownCopy } from './own-copy.js'

/** What is known of a compound key that stands for all equal ones. */
export interface Canonical {
  readonly encoding: string
  readonly hash: number
}

/**
 * Marks an object as standing for all equal keys. A private field that a constructor lays on an object it is given
 * cannot be seen from outside, and costs half of what an entry in a large WeakMap costs.
 */
class Mark extends class {
  constructor(key: object) {
    return key
  }
} {
  readonly #canonical: Canonical

  constructor(key: object, canonical: Canonical) {
    super(key)
    this.#canonical = canonical
  }

  static of(key: object): Canonical | undefined {
    return #canonical in key ? key.#canonical : undefined
  }
}

// Several tables, so that growing one never stops the thread for long and no Map's limit is near.
const tables = Array.from({ length: 64 }, () => new Map<string, WeakRef<object>>())
const collected = new FinalizationRegistry<string>((encoding) => {
  const table = tableOf(encoding)
  // The same key may have come back to life under a new object.
  if (table.get(encoding)?.deref() === undefined) table.delete(encoding)
})

/**
 * The one object that stands for all compound keys equal to this one, for as long as somebody holds it.
 * @throws `key-not-allowed`
 */
export function intern(key: object): object {
  if (Mark.of(key) !== undefined) return key
  const encoding = encode(key)
  return tableOf(encoding).get(encoding)?.deref() ?? add(ownCopy(key), encoding)
}

/** Encoding and hash of a key; at hand for the objects that stand for others. @throws `key-not-allowed` */
export function canonicalOf(key: unknown): Canonical {
  const canonical = typeof key === 'object' && key !== null ? Mark.of(key) : undefined
  if (canonical !== undefined) return canonical
  const encoding = encode(key)
  return { encoding, hash: hashString(encoding) }
}

function add(own: object, encoding: string): object {
  new Mark(own, { encoding, hash: hashString(encoding) })
  if (Array.isArray(own)) Object.freeze(own)
  tableOf(encoding).set(encoding, new WeakRef(own))
  collected.register(own, encoding)
  return own
}

/** Spread by length and last characters (the very last is a bracket): cheaper than a hash, and even enough. */
function tableOf(encoding: string): Map<string, WeakRef<object>> {
  const { length } = encoding
  const last = encoding.charCodeAt(length - 2) * 31 + encoding.charCodeAt(length - 3)
  return tables[(last * 31 + encoding.charCodeAt(length - 4) + length) & 63]!
}
