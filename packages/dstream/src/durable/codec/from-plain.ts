import type { List, Record as ImmutableRecord } from 'immutable'
import { immutable } from '../../base/values/immutable-library.js'
import { Duration } from '../../base/time/duration.js'
import { Time } from '../../base/time/time.js'
import { bufferClass, errorClasses, Tag, views } from './tags.js'

/**
 * Reverses `toPlain`. `loadImmutable` must have resolved. Changes the value in place, since msgpackr has just made it and
 * no other code refers to it.
 */
export function fromPlain(plain: unknown): unknown {
  if (typeof plain !== 'object' || plain === null) return plain
  if (Array.isArray(plain)) {
    for (let i = 0; i < plain.length; i++) plain[i] = fromPlain(plain[i])
    return plain
  }
  if (plain instanceof Map) return tagged(plain)
  // Bytes occur only inside a tag, whose restorer copies them.
  const object = plain as Record<string, unknown>
  for (const key of Object.keys(object)) {
    const item = object[key]
    if (typeof item === 'object' && item !== null) object[key] = fromPlain(item)
  }
  return object
}

function tagged(escape: Map<unknown, unknown>): unknown {
  const [entry] = escape
  const restore = entry === undefined || escape.size > 1 ? undefined : restorers[entry[0] as Tag]
  if (restore === undefined) throw new TypeError('a stored value has a tag that this version does not know')
  return restore(entry![1])
}

function parts(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new TypeError('a stored value is damaged')
  return value
}
function items(value: unknown): unknown[] {
  return parts(fromPlain(parts(value)))
}
function pairs(value: unknown): [unknown, unknown][] {
  const flat = items(value)
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[i * 2], flat[i * 2 + 1]])
}
/** Copies the bytes, since a view would keep the whole file in memory. */
function bytes(value: unknown): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(value as Uint8Array)
}

function define(target: object, entries: readonly [unknown, unknown][]): object {
  for (const [key, value] of entries) {
    // Defines the property, since an assignment to `__proto__` would change the prototype.
    Object.defineProperty(target, key as string, { value, writable: true, enumerable: true, configurable: true })
  }
  return target
}

const restorers: Readonly<Record<Tag, (value: unknown) => unknown>> = {
  [Tag.minusZero]: () => -0,
  [Tag.text]: (value) => text(bytes(value)),
  [Tag.bigint]: (value) => BigInt(value as string),
  [Tag.object]: (value) => define({}, pairs(value)),
  [Tag.nullObject]: (value) => define(Object.create(null) as object, pairs(value)),
  [Tag.sparse]: (value) => {
    const [length, ...rest] = items(value)
    const array: unknown[] = []
    array.length = length as number
    for (let i = 0; i < rest.length; i += 2) array[rest[i] as number] = rest[i + 1]
    return array
  },
  [Tag.date]: (value) => new Date(value as number),
  [Tag.map]: (value) => new Map(pairs(value)),
  [Tag.set]: (value) => new Set(items(value)),
  [Tag.regExp]: (value) => new RegExp(...(items(value) as [string, string])),
  [Tag.error]: (value) => error(items(value)),
  [Tag.buffer]: (value) => bufferClass?.from(bytes(value).buffer) ?? bytes(value),
  [Tag.arrayBuffer]: (value) => bytes(value).buffer,
  [Tag.view]: (value) => new views[parts(value)[0] as string]!(bytes(parts(value)[1]).buffer),
  [Tag.time]: (value) => new Time(value as number),
  [Tag.duration]: (value) => new Duration(value as number),
  [Tag.list]: (value) => immutable().List(items(value)),
  [Tag.immutableMap]: (value) => immutable().Map(pairs(value)),
  [Tag.orderedMap]: (value) => immutable().OrderedMap(pairs(value)),
  [Tag.immutableSet]: (value) => immutable().Set(items(value)),
  [Tag.orderedSet]: (value) => immutable().OrderedSet(items(value)),
  [Tag.stack]: (value) => immutable().Stack(items(value)),
  [Tag.record]: (value) => record(items(value)),
  [Tag.match]: (value) => {
    const [array, ...own] = items(value)
    return define(
      array as unknown[],
      Array.from({ length: own.length / 2 }, (_, i) => [own[i * 2], own[i * 2 + 1]]),
    )
  },
}

function text(units: Uint8Array): string {
  let result = ''
  for (let i = 0; i < units.length; i += 2) result += String.fromCharCode(units[i]! | (units[i + 1]! << 8))
  return result
}

function error([name, message, stack, cause, own]: unknown[]): Error {
  const result = new errorClasses[name as string]!(message as string)
  const hidden = (key: string, value: unknown): void => {
    Object.defineProperty(result, key, { value, writable: true, enumerable: false, configurable: true })
  }
  hidden('stack', parts(stack)[0])
  if (parts(cause).length > 0) hidden('cause', parts(cause)[0])
  const flat = parts(own)
  for (let i = 0; i < flat.length; i += 2) define(result, [[flat[i], flat[i + 1]]])
  return result
}

type Factory = ImmutableRecord.Factory<Record<string, unknown>>
/**
 * The record classes by name and keys. They are shared because making one is slow; defaults that differ get a class of
 * their own.
 */
const factories = new Map<string, { readonly factory: Factory; readonly defaults: List<unknown> }>()
const MOST_FACTORIES = 1000

function record([name, keys, defaults, values]: unknown[]): unknown {
  const { List, Record: ImmutableRecord, is } = immutable()
  const names = keys as string[]
  const shape = JSON.stringify([name, names])
  const known = factories.get(shape)
  const wanted = List(defaults as unknown[])
  const entry = (list: unknown) => Object.fromEntries(names.map((key, i) => [key, (list as unknown[])[i]]))
  if (known !== undefined && is(known.defaults, wanted)) return known.factory(entry(values))
  const factory: Factory = ImmutableRecord(entry(defaults), name as string)
  if (factories.size < MOST_FACTORIES) factories.set(shape, { factory, defaults: wanted })
  return factory(entry(values))
}
