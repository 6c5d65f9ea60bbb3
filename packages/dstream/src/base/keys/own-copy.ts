import { List, Map, OrderedMap, OrderedSet, Set, Stack } from 'immutable'
import { detachString, SHORTEST_CUT } from './detach-string.js'
import { isRecord, markers, type AnyCollection, type AnyRecord } from './immutable.js'

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
