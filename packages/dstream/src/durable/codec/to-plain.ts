import type { Record as ImmutableRecord } from 'immutable'
import { isImmutableCollection, isRecord, markers, type AnyCollection } from '../../base/values/immutable.js'
import { builtInOf, isObjectPrototype, nativeClassOf } from '../../base/built-ins.js'
import { codeUnits, plainText } from './code-units.js'
import { areKnownPlainPairs, extraNames, hasExtras, matchNames, symbolOf } from '../../base/values/array-extras.js'
import { label, nameOf, Unstorable } from './unstorable.js'
import { bufferClass, errorClasses, Tag, views } from './tags.js'

/** The most levels of a user's value. */
const DEEPEST = 1000
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
 * Data is what `structuredClone` takes for data (own enumerable string keys), plus immutable's collections, the results of
 * `match` and `exec` and the engine's own times. Class instances, functions and symbols are refused, and so are properties
 * that would be lost: those under a symbol, and those of an array beside its items.
 *
 * @param levels the outer levels that the engine has put around the user's values. They do not count as levels of a value,
 *   so that a value that may be stored can also be written, and are not searched for properties that would be lost, which
 *   costs as much as writing a pair.
 */
export function toPlain(value: unknown, levels = 0): { readonly plain: unknown; readonly tagged: boolean } {
  try {
    const walk = new Walk(undefined)
    return { plain: walk.value(value, -levels), tagged: walk.tagged }
  } catch (error) {
    if (!(error instanceof Unstorable)) throw error
    // Only a failed walk is repeated with paths, since storable values are the hot path.
    new Walk([]).value(value, -levels)
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
    const proto = Object.getPrototypeOf(value) as object | null
    if (proto === Array.prototype) return this.#array(value as readonly unknown[], depth)
    if (proto === Object.prototype) return this.#plainObject(value as Record<string, unknown>, depth)
    if (proto === null) {
      this.#refuseSymbols(value)
      return this.#tag(Tag.nullObject, this.#entries(value as Record<string, unknown>, depth))
    }
    return this.#exotic(value, proto, depth)
  }

  #array(array: readonly unknown[], depth: number): unknown {
    if (depth >= 0 && hasExtras(array)) return this.#match(array, depth)
    return this.#items(array, depth)
  }

  #items(array: readonly unknown[], depth: number): unknown {
    let copy: unknown[] | undefined
    // A walk for the path of what is refused looks at all again.
    const ofPairs = this.#path === undefined && areKnownPlainPairs(array)
    for (let i = 0; i < array.length; i++) {
      const item = array[i]
      if (item === undefined && !(i in array)) return this.#sparse(array, depth)
      const plain = ofPairs ? this.#items(item as unknown[], depth + 1) : this.#at(i, item, depth)
      if (copy !== undefined) copy.push(plain)
      else if (plain !== item) {
        copy = array.slice(0, i)
        copy.push(plain)
      }
    }
    return copy ?? array
  }

  /** Copies an array of another realm, with its holes and what `match` has added. */
  #ownArray(array: readonly unknown[]): readonly unknown[] {
    this.#refuseSymbols(array)
    const own = Array.prototype.slice.call(array) as unknown[]
    for (const name of extraNames(array)) (own as never as Record<string, unknown>)[name] = (array as never)[name]
    return own
  }

  #sparse(array: readonly unknown[], depth: number): unknown {
    if (extraNames(array).length > 0) return this.#match(array, depth)
    const parts: unknown[] = [array.length]
    // Visits the elements alone, since an array may have billions of holes.
    for (const key of Object.keys(array)) parts.push(Number(key), this.#at(Number(key), array[Number(key)], depth))
    return this.#tag(Tag.sparse, parts)
  }

  /** Writes what `match` and `exec` return: an array of texts with further properties. */
  #match(array: readonly unknown[], depth: number): unknown {
    this.#refuseSymbols(array)
    const names = extraNames(array)
    const other = names.find((name) => !matchNames.has(name))
    if (other !== undefined) {
      throw this.#refuse(
        array,
        `the property ${JSON.stringify(other)} of an array cannot be stored: only its items are; use an object`,
      )
    }
    const own = names.flatMap((name) => [name, this.#at(name, (array as never)[name], depth)])
    return this.#tag(Tag.match, [this.#items(Array.prototype.slice.call(array), depth), ...own])
  }

  /** Refuses properties of a Map, a Date and their like, which are stored as what they hold. */
  #refuseProperties(value: object): void {
    const [name] = Object.keys(value)
    if (name === undefined) return
    throw this.#refuse(
      value,
      `the property ${JSON.stringify(name)} of ${nameOf(Object.getPrototypeOf(value))} cannot be stored; use an object that holds both`,
    )
  }

  /** Refuses properties under symbols, of an object or an array. */
  #refuseSymbols(object: object): void {
    const symbol = symbolOf(object)
    if (symbol === undefined) return
    throw this.#refuse(
      object,
      `the property ${String(symbol)} cannot be stored: a symbol is nothing outside of its process; use a string`,
    )
  }

  #plainObject(object: Record<string, unknown>, depth: number): unknown {
    if (depth >= 0) this.#refuseSymbols(object)
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

  #exotic(value: object, proto: object, depth: number): unknown {
    // An array or a plain object of another realm: its copy is one of this realm, and msgpackr knows no other.
    if (Array.isArray(proto)) return this.#array(this.#ownArray(value as unknown[]), depth)
    if (isObjectPrototype(proto)) return this.#plainObject({ ...(value as Record<string, unknown>) }, depth)
    const builtIn = this.#builtIn(value, proto, depth)
    if (builtIn !== undefined) return builtIn
    if (isRecord(value)) return this.#record(value as unknown as ImmutableRecord<Record<string, unknown>>, depth)
    if (isImmutableCollection(value)) return this.#collection(value, depth)
    const ms = (value as { milliseconds?: unknown }).milliseconds
    if (timeBrand in value) return this.#tag(Tag.time, ms)
    if (durationBrand in value) return this.#tag(Tag.duration, ms)
    throw this.#refuse(value, `${nameOf(proto)} cannot be stored: its class would be lost`)
  }

  /** Writes an instance of a class of JavaScript itself, of any realm; `undefined` for others, and of subclasses. */
  #builtIn(value: object, proto: object, depth: number): unknown {
    if (proto === bufferClass?.prototype) return this.#tag(Tag.buffer, bytesOf(value as ArrayBufferView))
    const name = nativeClassOf(proto)
    const kind = name === undefined ? undefined : builtInOf(value)
    if (name === undefined || kind === undefined) return undefined
    this.#refuseSymbols(value)
    if (!ArrayBuffer.isView(value) && kind !== 'Error') this.#refuseProperties(value)
    switch (kind) {
      case 'Date':
        return this.#tag(Tag.date, (value as Date).getTime())
      case 'Map':
        return this.#tag(Tag.map, this.#pairs(value as Map<unknown, unknown>, depth))
      case 'Set':
        return this.#tag(Tag.set, this.#list(value as Set<unknown>, depth))
      case 'RegExp': {
        const { source, flags } = value as RegExp
        return this.#tag(Tag.regExp, [this.value(source, depth), flags])
      }
      case 'ArrayBuffer':
        return this.#tag(Tag.arrayBuffer, new Uint8Array(value as ArrayBuffer).slice())
      case 'DataView':
      case 'TypedArray':
        if (Object.hasOwn(views, name)) return this.#tag(Tag.view, [name, bytesOf(value as ArrayBufferView)])
        return undefined
      case 'Error':
        if (Object.hasOwn(errorClasses, name)) return this.#error(value as Error, name, depth)
    }
    return undefined
  }

  #error(value: Error, name: string, depth: number): unknown {
    const own = Object.keys(value).flatMap((key) => [
      this.value(key, depth),
      this.#at(key, (value as unknown as Record<string, unknown>)[key], depth),
    ])
    const cause = Object.hasOwn(value, 'cause') ? [this.#at('cause', value.cause, depth)] : []
    const stack = value.stack === undefined ? [] : [this.value(value.stack, depth)]
    return this.#tag(Tag.error, [name, this.value(value.message, depth), stack, cause, own])
  }

  #record(value: ImmutableRecord<Record<string, unknown>>, depth: number): unknown {
    const proto = Object.getPrototypeOf(value) as object
    // The mark is a property of Record's own prototype, which a subclass is one step further away from.
    if (!Object.hasOwn(Object.getPrototypeOf(proto) as object, markers.record)) {
      throw this.#refuse(value, `${nameOf(proto)} cannot be stored: its class would be lost`)
    }
    const keys = [...value.toSeq().keys()]
    const defaults = value.clear()
    return this.#tag(Tag.record, [
      this.value(recordName(value), depth),
      keys.map((key) => this.value(key, depth)),
      keys.map((key) => this.#at(key, defaults.get(key), depth)),
      keys.map((key) => this.#at(key, value.get(key), depth)),
    ])
  }

  #collection(value: AnyCollection, depth: number): unknown {
    const pairs = (): unknown[] => this.#pairs(value as Iterable<[unknown, unknown]>, depth)
    const ordered = markers.ordered in value && value[markers.ordered] === true
    if (markers.list in value) return this.#tag(Tag.list, this.#list(value, depth))
    if (markers.map in value) return this.#tag(ordered ? Tag.orderedMap : Tag.immutableMap, pairs())
    if (markers.set in value) return this.#tag(ordered ? Tag.orderedSet : Tag.immutableSet, this.#list(value, depth))
    if (markers.stack in value) return this.#tag(Tag.stack, this.#list(value, depth))
    throw this.#refuse(value, "immutable's Seq cannot be stored: it is lazy; make a List or a Map of it")
  }

  #pairs(entries: Iterable<[unknown, unknown]>, depth: number): unknown[] {
    const parts: unknown[] = []
    for (const [key, item] of entries) parts.push(this.#at('(key)', key, depth), this.#at(label(key), item, depth))
    return parts
  }

  #list(items: Iterable<unknown>, depth: number): unknown[] {
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

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength).slice()
}

const timeBrand = Symbol.for('dstream.time')
const durationBrand = Symbol.for('dstream.duration')

/** Returns the name of a record's class, as immutable's `Record.getDescriptiveName` does. */
function recordName({ constructor }: object): string {
  const { displayName, name } = constructor as { readonly displayName?: string; readonly name?: string }
  return displayName || name || 'Record'
}
