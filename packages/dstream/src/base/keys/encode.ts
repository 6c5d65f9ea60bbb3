import { keyNotAllowed, keyStillMutable, keyTooDeep, keyWithoutEnd } from '../errors/keys.js'
import { isImmutableCollection, isRecord, markers, type AnyCollection, type AnyRecord } from '../values/immutable.js'

const DEEPEST = 100

/**
 * Returns the canonical text of a key: equal keys have one text, different keys different ones. Every part begins with a tag
 * of its type and marks its end, so that no two keys have one text: 1 is `n1;`, '1' is `s1:1`, [1] is `[n1;]`.
 * @throws `key-not-allowed`
 */
export function encode(key: unknown): string {
  return encodePart(key, key, 0)
}

function encodePart(part: unknown, key: unknown, depth: number): string {
  switch (typeof part) {
    case 'string':
      return `s${part.length}:${part}`
    case 'number':
      return `n${part === 0 ? 0 : part};`
    case 'bigint':
      return `b${part};`
    case 'boolean':
      return part ? 't' : 'f'
    case 'object':
      return part === null ? 'z' : encodeObject(part, key, depth)
    default:
      throw keyNotAllowed(key, part)
  }
}

function encodeObject(part: object, key: unknown, depth: number): string {
  if (depth >= DEEPEST) throw keyTooDeep()
  if (Array.isArray(part)) {
    let text = '['
    for (let i = 0; i < part.length; i++) text += encodePart(part[i], key, depth + 1)
    return text + ']'
  }
  if (isRecord(part)) return encodeRecord(part, key, depth)
  if (isImmutableCollection(part)) return encodeCollection(part, key, depth)
  throw keyNotAllowed(key, part)
}

/** Encodes a record as `immutable.is` compares it: equal to every other with the same fields in the same order. */
function encodeRecord(record: AnyRecord, key: unknown, depth: number): string {
  if (record.__ownerID) throw keyStillMutable(record)
  let text = 'R'
  for (const [name, value] of record.toSeq()) {
    text += encodePart(name, key, depth + 1) + encodePart(value, key, depth + 1)
  }
  return text + ')'
}

/** Encodes a collection as `immutable.is` compares it: by its kind (keyed, indexed or set), order and contents. */
function encodeCollection(collection: AnyCollection, key: unknown, depth: number): string {
  if (collection.__ownerID) throw keyStillMutable(collection)
  if (collection.size === Infinity) throw keyWithoutEnd()
  const keyed = markers.keyed in collection
  const parts: string[] = []
  for (const item of collection) {
    if (!keyed) parts.push(encodePart(item, key, depth + 1))
    else {
      const [name, value] = item as [unknown, unknown]
      parts.push(encodePart(name, key, depth + 1) + encodePart(value, key, depth + 1))
    }
  }
  const ordered = Boolean(collection[markers.ordered])
  if (markers.indexed in collection) return `L${parts.join('')})`
  if (!ordered) parts.sort()
  return `${keyed ? (ordered ? 'O' : 'M') : ordered ? 'P' : 'S'}${parts.join('')})`
}
