import { detachString, SHORTEST_CUT } from './detach-string.js'
import { isRecord, markers, type AnyCollection, type AnyRecord } from '../values/immutable.js'

/**
 * Copies a compound key, so that it keeps no other object alive and shares no part that can change: arrays are copied, inner
 * ones frozen, strings copied, lazy sequences turned into collections. A collection without any of these is returned as it
 * is. The caller freezes the outermost array.
 */
export function ownCopy(key: object): object {
  if (Array.isArray(key)) {
    const own: unknown[] = []
    for (let i = 0; i < key.length; i++) own.push(ownPart(key[i]))
    return own
  }
  return isRecord(key) ? ownRecord(key) : ownCollection(key as AnyCollection)
}

function ownPart(part: unknown): unknown {
  if (typeof part === 'string') return detachString(part)
  if (typeof part !== 'object' || part === null) return part
  const own = ownCopy(part)
  return Array.isArray(own) ? Object.freeze(own) : own
}

function needsCopy(part: unknown): boolean {
  return typeof part === 'string' ? part.length >= SHORTEST_CUT : typeof part === 'object' && part !== null
}

function ownRecord(record: AnyRecord): object {
  const fields = [...record.toSeq()].filter(([, value]) => needsCopy(value))
  // Removes a field first: `set` does nothing where the new string equals the old one.
  return fields.reduce((own, [name, value]) => own.remove(name).set(name, ownPart(value)), record)
}

function ownCollection(given: AnyCollection): object {
  const collection = markers.seq in given ? likeIt(given, given) : given
  const keyed = markers.keyed in collection
  const parts = [...collection]
  if (!parts.some(keyed ? (entry) => (entry as unknown[]).some(needsCopy) : needsCopy)) return collection
  const seq = collection.toSeq()
  const own = keyed
    ? seq.mapEntries(([key, value]) => [ownPart(key), ownPart(value)])
    : seq.map((part) => ownPart(part))
  return likeIt(collection, own)
}

/** Returns a collection with the parts of a sequence that is no longer lazy, of the kind of another one. */
function likeIt(kind: AnyCollection, seq: AnyCollection): AnyCollection {
  const ordered = Boolean(kind[markers.ordered])
  if (markers.keyed in kind) return ordered ? seq.toOrderedMap() : seq.toMap()
  if (markers.indexed in kind) return markers.stack in kind ? seq.toStack() : seq.toList()
  return ordered ? seq.toOrderedSet() : seq.toSet()
}
