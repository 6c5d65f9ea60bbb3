import {
  isCollection,
  isList,
  isMap,
  isOrderedMap,
  isOrderedSet,
  isRecord,
  isSet,
  isStack,
  Record as ImmutableRecord,
} from 'immutable'
import { bufferClass, errorClasses, Tag, views } from './tags.js'

/** The reason why a value cannot be stored, and the path to the part that it concerns. */
export class Unstorable extends Error {
  constructor(
    readonly what: unknown,
    readonly reason: string,
    readonly path: readonly PropertyKey[],
  ) {
    super(reason)
  }
}

/** The deepest nesting of a value that can be stored. */
const DEEPEST = 1000
/**
 * The levels that a frame adds around a value. They are granted on top, so that a value that passed the check can be
 * written.
 */
const LEVELS_OF_FRAMES = 10
/**
 * The number of keys above which an object is written as a dictionary, since msgpackr would make a record shape of
 * each.
 */
const RECORD_KEYS = 40
const special = new Set(['__proto__', 'constructor', 'toJSON', 'hasOwnProperty'])

/**
 * Returns the value in a form that msgpackr writes and reads back unchanged. A value that has this form already is
 * returned as it is, without a copy. `tagged` says whether `fromPlain` has anything to restore.
 *
 * The accepted data is that of `structuredClone` (own enumerable string keys), immutable's collections, and the
 * engine's own times. Class instances, functions and symbols are refused.
 */
export function toPlain(
  value: unknown,
  levels = LEVELS_OF_FRAMES,
): { readonly plain: unknown; readonly tagged: boolean } {
  return walked(value, -levels)
}

/**
 * Returns if the value can be stored inside any frame.
 * @throws `Unstorable`, and errors of the value's own getters
 */
export function mustBeStorable(value: unknown): void {
  if (typeof value !== 'number' && typeof value !== 'string') walked(value, 0)
}

function walked(value: unknown, depth: number): { readonly plain: unknown; readonly tagged: boolean } {
  try {
    const walk = new Walk(undefined)
    return { plain: walk.value(value, depth), tagged: walk.tagged }
  } catch (error) {
    if (!(error instanceof Unstorable)) throw error
    // Only a failed walk is repeated with paths, since storable values are the hot path.
    new Walk([]).value(value, depth)
    throw error
  }
}

class Walk {
  tagged = false
  readonly #path: PropertyKey[] | undefined

  constructor(path: PropertyKey[] | undefined) {
    this.#path = path
  }

  value(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'number':
        return value === 0 && 1 / value < 0 ? this.#tag(Tag.minusZero, null) : value
      case 'string':
        return plainText(value) ? value : this.#tag(Tag.text, codeUnits(value))
      case 'bigint':
        return BigInt.asIntN(64, value) === value ? value : this.#tag(Tag.bigint, value.toString())
      case 'object':
        return value === null ? null : this.#object(value, depth)
      case 'function':
      case 'symbol':
        throw this.#refuse(value, `a ${typeof value} cannot be stored`)
      default:
        return value
    }
  }

  #object(value: object, depth: number): unknown {
    if (depth > DEEPEST) throw this.#refuse(undefined, `it is nested more than ${DEEPEST} levels deep, or holds itself`)
    const proto: unknown = Object.getPrototypeOf(value)
    if (proto === Array.prototype) return this.#array(value as readonly unknown[], depth)
    if (proto === Object.prototype) return this.#plainObject(value as Record<string, unknown>, depth)
    if (proto === null) return this.#tag(Tag.nullObject, this.#entries(value as Record<string, unknown>, depth))
    return this.#exotic(value, proto, depth)
  }

  #array(array: readonly unknown[], depth: number): unknown {
    let copy: unknown[] | undefined
    for (let i = 0; i < array.length; i++) {
      const item = array[i]
      if (item === undefined && !(i in array)) return this.#sparse(array, depth)
      const plain = this.#at(i, item, depth)
      if (copy !== undefined) copy.push(plain)
      else if (plain !== item) {
        copy = array.slice(0, i)
        copy.push(plain)
      }
    }
    return copy ?? array
  }

  #sparse(array: readonly unknown[], depth: number): unknown {
    const parts: unknown[] = [array.length]
    // Visits the elements alone, since an array may have billions of holes.
    for (const key of Object.keys(array)) {
      const i = Number(key)
      if (isIndex(i)) parts.push(i, this.#at(i, array[i], depth))
    }
    return this.#tag(Tag.sparse, parts)
  }

  #plainObject(object: Record<string, unknown>, depth: number): unknown {
    const keys = Object.keys(object)
    if (keys.length > RECORD_KEYS || keys.some((key) => special.has(key) || !plainText(key))) {
      return this.#tag(Tag.object, this.#entries(object, depth))
    }
    let copy: Record<string, unknown> | undefined
    for (const key of keys) {
      const item = object[key]
      const plain = this.#at(key, item, depth)
      if (plain === item) continue
      copy ??= { ...object }
      copy[key] = plain
    }
    return copy ?? object
  }

  #entries(object: Record<string, unknown>, depth: number): unknown[] {
    return Object.keys(object).flatMap((key) => [this.value(key, depth), this.#at(key, object[key], depth)])
  }

  #exotic(value: object, proto: unknown, depth: number): unknown {
    if (proto === Date.prototype) return this.#tag(Tag.date, (value as Date).getTime())
    if (proto === Map.prototype) return this.#tag(Tag.map, this.#pairs(value as Map<unknown, unknown>, depth))
    if (proto === Set.prototype) return this.#tag(Tag.set, this.#items(value as Set<unknown>, depth))
    if (proto === RegExp.prototype) {
      const { source, flags } = value as RegExp
      return this.#tag(Tag.regExp, [this.value(source, depth), flags])
    }
    if (ArrayBuffer.isView(value)) return this.#view(value, proto)
    if (proto === ArrayBuffer.prototype) return this.#tag(Tag.arrayBuffer, new Uint8Array(value as ArrayBuffer).slice())
    if (value instanceof Error) return this.#error(value, proto, depth)
    if (isRecord(value)) return this.#record(value, depth)
    if (isCollection(value)) return this.#collection(value, depth)
    const ms = (value as { milliseconds?: unknown }).milliseconds
    if (timeBrand in value) return this.#tag(Tag.time, ms)
    if (durationBrand in value) return this.#tag(Tag.duration, ms)
    throw this.#refuse(value, `${nameOf(proto)} cannot be stored: its class would be lost`)
  }

  #view(value: ArrayBufferView, proto: unknown): unknown {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice()
    if (proto === bufferClass?.prototype) return this.#tag(Tag.buffer, bytes)
    const name = (proto as { constructor: { name: string } }).constructor.name
    if (!Object.hasOwn(views, name) || views[name]!.prototype !== proto) {
      throw this.#refuse(value, `${nameOf(proto)} cannot be stored: its class would be lost`)
    }
    return this.#tag(Tag.view, [name, bytes])
  }

  #error(value: Error, proto: unknown, depth: number): unknown {
    const name = Object.keys(errorClasses).find((known) => errorClasses[known]!.prototype === proto)
    if (name === undefined) throw this.#refuse(value, `${nameOf(proto)} cannot be stored: its class would be lost`)
    const own = Object.keys(value).flatMap((key) => [
      this.value(key, depth),
      this.#at(key, (value as unknown as Record<string, unknown>)[key], depth),
    ])
    const cause = Object.hasOwn(value, 'cause') ? [this.#at('cause', value.cause, depth)] : []
    const stack = value.stack === undefined ? [] : [this.value(value.stack, depth)]
    return this.#tag(Tag.error, [name, this.value(value.message, depth), stack, cause, own])
  }

  #record(value: ImmutableRecord<Record<string, unknown>>, depth: number): unknown {
    const own = Object.getPrototypeOf(Object.getPrototypeOf(value) as object) as unknown
    if (own !== ImmutableRecord.prototype) {
      throw this.#refuse(value, `${nameOf(Object.getPrototypeOf(value))} cannot be stored: its class would be lost`)
    }
    const keys = [...value.toSeq().keys()]
    const defaults = value.clear()
    return this.#tag(Tag.record, [
      this.value(ImmutableRecord.getDescriptiveName(value), depth),
      keys.map((key) => this.value(key, depth)),
      keys.map((key) => this.#at(key, defaults.get(key), depth)),
      keys.map((key) => this.#at(key, value.get(key), depth)),
    ])
  }

  #collection(value: object, depth: number): unknown {
    if (isList(value)) return this.#tag(Tag.list, this.#items(value, depth))
    if (isOrderedMap(value)) return this.#tag(Tag.orderedMap, this.#pairs(value, depth))
    if (isMap(value)) return this.#tag(Tag.immutableMap, this.#pairs(value, depth))
    if (isOrderedSet(value)) return this.#tag(Tag.orderedSet, this.#items(value, depth))
    if (isSet(value)) return this.#tag(Tag.immutableSet, this.#items(value, depth))
    if (isStack(value)) return this.#tag(Tag.stack, this.#items(value, depth))
    throw this.#refuse(value, "immutable's Seq cannot be stored: it is lazy; make a List or a Map of it")
  }

  #pairs(entries: Iterable<[unknown, unknown]>, depth: number): unknown[] {
    const parts: unknown[] = []
    for (const [key, item] of entries) parts.push(this.#at('(key)', key, depth), this.#at(label(key), item, depth))
    return parts
  }

  #items(items: Iterable<unknown>, depth: number): unknown[] {
    const parts: unknown[] = []
    for (const item of items) parts.push(this.#at(parts.length, item, depth))
    return parts
  }

  #at(key: PropertyKey, item: unknown, depth: number): unknown {
    if (this.#path === undefined) return this.value(item, depth + 1)
    this.#path.push(key)
    const plain = this.value(item, depth + 1)
    this.#path.pop()
    return plain
  }

  #tag(tag: Tag, parts: unknown): ReadonlyMap<Tag, unknown> {
    this.tagged = true
    return new Map([[tag, parts]])
  }

  #refuse(what: unknown, reason: string): Unstorable {
    return new Unstorable(what, reason, this.#path ?? [])
  }
}

const timeBrand = Symbol.for('dstream.time')
const durationBrand = Symbol.for('dstream.duration')

function isIndex(n: number): boolean {
  return Number.isInteger(n) && n >= 0 && n < 2 ** 32 - 1
}

function plainText(text: string): boolean {
  return (text as unknown as WellFormed).isWellFormed() && text.charCodeAt(0) !== 0xfeff
}

/** A method of ES2024, in V8 since Node 20. It costs nothing for Latin-1 strings. */
interface WellFormed {
  isWellFormed(): boolean
}

function codeUnits(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes[i * 2] = unit & 0xff
    bytes[i * 2 + 1] = unit >> 8
  }
  return bytes
}

function label(key: unknown): PropertyKey {
  return typeof key === 'string' || typeof key === 'number' ? key : '(value)'
}

function nameOf(proto: unknown): string {
  const name: unknown = (proto as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an instance of a class'
}
