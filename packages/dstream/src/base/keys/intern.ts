import { encode } from './encode.js'
import { hashString } from './hash-string.js'
import { ownCopy } from './own-copy.js'

/** The encoding and the hash of a compound key that stands for all equal ones. */
export interface Canonical {
  readonly encoding: string
  readonly hash: number
}

/**
 * Marks an object as the one that stands for all equal keys. A private field that a constructor adds to a given object is
 * invisible from outside, and costs half as much as an entry in a large WeakMap.
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

// Several tables, so that growing one never blocks the thread for long and no Map nears its size limit.
const tables = Array.from({ length: 64 }, () => new Map<string, WeakRef<object>>())
const collected = new FinalizationRegistry<string>((encoding) => {
  const table = tableOf(encoding)
  // The same key may have been interned again as a new object.
  if (table.get(encoding)?.deref() === undefined) table.delete(encoding)
})

/**
 * Returns the one object that stands for all compound keys equal to this one, for as long as it is referenced.
 * @throws `key-not-allowed`
 */
export function intern(key: object): object {
  if (Mark.of(key) !== undefined) return key
  const encoding = encode(key)
  return tableOf(encoding).get(encoding)?.deref() ?? add(ownCopy(key), encoding)
}

/** Returns the encoding and the hash of a key; interned objects carry them. @throws `key-not-allowed` */
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

/** Chooses a table by length and last characters (the very last is a bracket): cheaper than a hash, and even enough. */
function tableOf(encoding: string): Map<string, WeakRef<object>> {
  const { length } = encoding
  const last = encoding.charCodeAt(length - 2) * 31 + encoding.charCodeAt(length - 3)
  return tables[(last * 31 + encoding.charCodeAt(length - 4) + length) & 63]!
}
