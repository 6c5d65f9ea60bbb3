import { List, Map, OrderedMap, OrderedSet, Set, Stack } from 'immutable'
import { detachString, SHORTEST_CUT } from './detach-string.js'
import { isRecord, markers, type AnyCollection, type AnyRecord } from './immutable.js'

/**
 * A compound key that keeps nothing else alive and of which nobody else holds a part that can change: arrays copied,
 * those inside frozen, strings cut loose, lazy sequences made collections. A collection that has none of these is its
 * own copy. The outermost array is left for the caller to freeze.
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
  // A field is emptied first: set does nothing where the new string is equal to the old one.
  return fields.reduce((own, [name, value]) => own.remove(name).set(name, ownPart(value)), record)
}

function ownCollection(collection: AnyCollection): object {
  const keyed = markers.keyed in collection
  const parts = [...collection]
  const lazy = markers.seq in collection
  if (!lazy && !parts.some(keyed ? (entry) => (entry as unknown[]).some(needsCopy) : needsCopy)) return collection
  const own = parts.map(keyed ? (entry) => (entry as unknown[]).map(ownPart) : ownPart)
  const ordered = Boolean(collection[markers.ordered])
  if (keyed) return ordered ? OrderedMap(own as [unknown, unknown][]) : Map(own as [unknown, unknown][])
  if (markers.indexed in collection) return markers.stack in collection ? Stack(own) : List(own)
  return ordered ? OrderedSet(own) : Set(own)
}
