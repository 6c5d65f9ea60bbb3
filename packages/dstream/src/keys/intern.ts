import { detachString } from './detach-string.js'
import { encode } from './encode.js'
import { hashString } from './hash-string.js'
import { ownCopy } from './own-copy.js'

/** What is known of a compound key that stands for all equal ones. */
export interface Canonical {
  readonly encoding: string
  readonly hash: number
}

const known = new WeakMap<object, Canonical>()
// Several tables, so that growing one never stops the thread for long and no Map's limit is near.
const tables = Array.from({ length: 64 }, () => new Map<string, WeakRef<object>>())
const collected = new FinalizationRegistry<Canonical>(({ encoding, hash }) => {
  const table = tableOf(hash)
  // The same key may have come back to life under a new object.
  if (table.get(encoding)?.deref() === undefined) table.delete(encoding)
})

/**
 * The one object that stands for all compound keys equal to this one, for as long as somebody holds it.
 * @throws `key-not-allowed`
 */
export function intern(key: object): object {
  if (known.has(key)) return key
  const encoding = encode(key)
  const hash = hashString(encoding)
  return tableOf(hash).get(encoding)?.deref() ?? add(ownCopy(key), { encoding: detachString(encoding), hash })
}

/** Encoding and hash of a key, kept for the objects that stand for others. @throws `key-not-allowed` */
export function canonicalOf(key: unknown): Canonical {
  const canonical = typeof key === 'object' && key !== null ? known.get(key) : undefined
  if (canonical !== undefined) return canonical
  const encoding = encode(key)
  return { encoding, hash: hashString(encoding) }
}

function add(own: object, canonical: Canonical): object {
  known.set(own, canonical)
  tableOf(canonical.hash).set(canonical.encoding, new WeakRef(own))
  collected.register(own, canonical)
  return own
}

function tableOf(hash: number): Map<string, WeakRef<object>> {
  return tables[hash & 63]!
}
