import { builtInOf, isA, isPlain } from '../built-ins.js'
import { groupsOfPart, type Groups } from './groups.js'
import { numberForm } from './number-form.js'

/**
 * Returns a record as text, as `print` and `saveAsTextFiles` write it, which is Spark's form of it. Never throws.
 *
 * Strings stand as they are. An array is a tuple of its length, `(a,1,true)`; a group that the engine made is a `Seq(1, 2)`,
 * and immutable's lists, the Maps and the Sets of the language are `List(1, 2)`, `Map(a -> 1)` and `Set(1, 2)`. Numbers are
 * written as Java writes them, whole ones as its integers. An object with a `toString` of its own is what that returns; every
 * other object is one line of JSON, in which bigints are strings of digits and a cycle is `"[circular]"`.
 *
 * @example
 * textForm(['a', [1, 2.5], null]) // '(a,(1,2.5),null)'
 * textForm(new Map([['a', -0]])) // 'Map(a -> -0.0)'
 * textForm({ a: 1n }) // '{"a":"1"}'
 */
export function textForm(record: unknown): string {
  return guarded(() => form(record, []))
}

/** Returns the form of the records of an RDD whose groups, if any, have this place. */
export function recordForm(groups: Groups | undefined): (record: unknown) => string {
  if (groups === undefined) return textForm
  return (record) => guarded(() => groupsForm(record, groups))
}

/** Returns one line of JSON for an object or an array. Errors of the object's getters pass through. */
export function jsonForm(value: object): string {
  try {
    return JSON.stringify(value, readable) ?? UNPRINTABLE
  } catch {
    // Cycles are rare: they are looked for only after JSON.stringify has failed.
    return JSON.stringify(value, withoutCycles()) ?? UNPRINTABLE
  }
}

const UNPRINTABLE = '[unprintable]'
const DEEPEST = 100

function guarded(make: () => string): string {
  try {
    return make()
  } catch {
    // A getter or toString threw, a proxy is revoked, or the nesting is too deep: a log line must not fail a job.
    return UNPRINTABLE
  }
}

function groupsForm(value: unknown, groups: Groups | undefined): string {
  if (groups === undefined || !Array.isArray(value)) return form(value, [])
  if (typeof groups === 'string') return listed(groups, value, [])
  return `(${value.map((part, i) => groupsForm(part, groupsOfPart(groups, i))).join(',')})`
}

function form(value: unknown, outer: readonly object[]): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberForm(value)
  if (typeof value === 'function') return `[function ${value.name}]`
  if (typeof value !== 'object' || value === null) return String(value)
  if (outer.includes(value)) return '[circular]'
  if (outer.length >= DEEPEST) return jsonForm(value)
  return objectForm(value, outer)
}

function objectForm(value: object, outer: readonly object[]): string {
  if (Array.isArray(value) && isSparse(value)) return jsonForm(value)
  if (Array.isArray(value)) return `(${parts(value, value, outer).join(',')})`
  if (isImmutable(value, 'LIST') || isImmutable(value, 'STACK')) return listed('List', value, outer)
  if (isA('Map', value) || isImmutable(value, 'MAP')) return mapped(value as Iterable<[unknown, unknown]>, outer)
  if (isA('Set', value) || isImmutable(value, 'SET')) return listed('Set', value as Iterable<unknown>, outer)
  return hasOwnText(value) ? String(value) : jsonForm(value)
}

function parts(whole: object, values: Iterable<unknown>, outer: readonly object[]): string[] {
  const inner = [...outer, whole]
  return Array.from(values, (value) => form(value, inner))
}

function listed(name: string, values: Iterable<unknown> & object, outer: readonly object[]): string {
  return `${name}(${parts(values, values, outer).join(', ')})`
}

function mapped(map: Iterable<[unknown, unknown]> & object, outer: readonly object[]): string {
  const inner = [...outer, map]
  return `Map(${Array.from(map, ([key, value]) => `${form(key, inner)} -> ${form(value, inner)}`).join(', ')})`
}

/** The classes of the language whose `toString` says less than their JSON form, or what a machine cannot read. */
const BUILT_IN = new Set(['Date', 'RegExp', 'Error', 'ArrayBuffer', 'DataView'].map((name) => `[object ${name}]`))

/** Returns whether an object has a `toString` of its own or of its class. */
function hasOwnText(value: object): boolean {
  const { toString } = value as { toString?: unknown }
  if (typeof toString !== 'function' || toString === Object.prototype.toString) return false
  // A plain object of another realm has the toString of that realm.
  if (isPlain(value) && !Object.hasOwn(value, 'toString')) return false
  return (
    !ArrayBuffer.isView(value) && !BUILT_IN.has(Object.prototype.toString.call(value)) && !isImmutable(value, 'RECORD')
  )
}

/** An array of more places than this is looked at for places without an element. */
const LONG_ARRAY = 100_000

/** Returns whether a long array has places without an element: there may be billions, and its text holds its elements only. */
function isSparse(array: readonly unknown[]): boolean {
  return array.length > LONG_ARRAY && Object.keys(array).length < array.length
}

function readable(this: unknown, name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value) && isSparse(value)) return { ...value, length: value.length }
  // JSON.stringify has called toJSON already; the holder still has the original value.
  const original = (this as Record<string, unknown>)[name]
  if (isImmutable(original, 'MAP')) return mapForm(original as Iterable<[unknown, unknown]>)
  const kind = typeof original === 'object' && original !== null ? builtInOf(original) : undefined
  if (kind === 'Map') return mapForm(original as Map<unknown, unknown>)
  if (kind === 'TypedArray') return Array.from(original as ArrayLike<unknown>)
  switch (original === value ? kind : builtInOf(value)) {
    case 'Set':
      return [...(value as Set<unknown>)]
    case 'DataView':
      return bytesOf(value as DataView)
    case 'ArrayBuffer':
      return Array.from(new Uint8Array(value as ArrayBuffer))
    case 'Error':
      return { ...value, name: (value as Error).name, message: (value as Error).message }
    case 'RegExp':
      return String(value)
  }
  return value
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): number[] {
  return Array.from(new Uint8Array(buffer, byteOffset, byteLength))
}

function withoutCycles() {
  const ancestors: { form: unknown; value: unknown }[] = []
  return function (this: unknown, name: string, value: unknown): unknown {
    const form = readable.call(this, name, value)
    if (typeof value !== 'object' || value === null) return form
    // `this` is the object being written: ancestors behind it are complete.
    while (ancestors.length > 0 && ancestors.at(-1)!.form !== this) ancestors.pop()
    if (ancestors.some((ancestor) => ancestor.value === value)) return '[circular]'
    ancestors.push({ form, value })
    return form
  }
}

/** Tests for the mark of one of immutable's collections, since several copies of that library can be loaded. */
function isImmutable(
  value: unknown,
  kind: 'LIST' | 'MAP' | 'RECORD' | 'SET' | 'STACK',
): value is Iterable<unknown> & object {
  return typeof value === 'object' && value !== null && `@@__IMMUTABLE_${kind}__@@` in value
}

function mapForm(map: Iterable<[unknown, unknown]>): unknown {
  const entries = [...map]
  return entries.every(([key]) => typeof key === 'string') ? Object.fromEntries(entries) : entries
}
