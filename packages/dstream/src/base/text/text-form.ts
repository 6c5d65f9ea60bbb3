import { builtInOf } from '../built-ins.js'

/**
 * Returns a record as text, as `print` and `saveAsTextFiles` write it: strings as they are, numbers as `String(n)`, pairs as
 * Spark writes tuples, all else as one line of JSON. Never throws.
 *
 * A pair is an array of two, also within a pair: `['a', [1, 2]]` is `(a,(1,2))`. Values that JSON cannot express are written
 * in a readable form: bigints as strings of digits, Maps as objects (as lists of entries where a key is no string), Sets
 * and typed arrays as lists, a cycle as `"[circular]"`.
 *
 * @example
 * textForm(['a', 1]) // '(a,1)'
 * textForm({ a: 1n }) // '{"a":"1"}'
 */
export function textForm(record: unknown): string {
  try {
    return form(record, 0)
  } catch {
    // A getter or toJSON threw, a proxy is revoked, or the nesting is too deep: a log line must not fail a job.
    return UNPRINTABLE
  }
}

/** Returns one line of JSON for an object or an array, pairs included. Errors of the object's getters pass through. */
export function jsonForm(value: object): string {
  try {
    return JSON.stringify(value, readable) ?? UNPRINTABLE
  } catch {
    // Cycles are rare: they are looked for only after JSON.stringify has failed.
    return JSON.stringify(value, withoutCycles()) ?? UNPRINTABLE
  }
}

const UNPRINTABLE = '[unprintable]'
const DEEPEST_PAIR = 100

function form(record: unknown, depth: number): string {
  if (typeof record === 'string') return record
  if (typeof record === 'function') return `[function ${record.name}]`
  if (typeof record !== 'object' || record === null) return String(record)
  const isPair = Array.isArray(record) && record.length === 2 && depth < DEEPEST_PAIR
  return isPair ? `(${form(record[0], depth + 1)},${form(record[1], depth + 1)})` : jsonForm(record)
}

function readable(this: unknown, name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  // JSON.stringify has called toJSON already; the holder still has the original value.
  const original = (this as Record<string, unknown>)[name]
  if (isImmutableMap(original)) return mapForm(original)
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

function isImmutableMap(value: unknown): value is Iterable<[unknown, unknown]> {
  return typeof value === 'object' && value !== null && '@@__IMMUTABLE_KEYED__@@' in value
}

function mapForm(map: Iterable<[unknown, unknown]>): unknown {
  const entries = [...map]
  return entries.every(([key]) => typeof key === 'string') ? Object.fromEntries(entries) : entries
}
