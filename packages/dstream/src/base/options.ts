import type { Codec } from './codec.js'
import { badOption, notOptions, sparseRecords, unknownOption } from './errors/options.js'

/**
 * Checks that options are an object, or `undefined`, without unknown keys. `where` is the call as the user wrote it:
 * `StreamingContext`, `reduceByKey`. @throws `not-options`, `unknown-option`
 */
export function checkOptions(where: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw notOptions(where, options, known)
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw unknownOption(where, name, nearest(name, known), known)
  }
}

/** Returns the value if it is a whole number of at least 1. @throws `bad-option` */
export function positiveInteger(where: string, name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number
  throw badOption(where, name, 'a whole number of at least 1', value)
}

/** Returns the value if it is a whole number of at least 0. @throws `bad-option` */
export function nonNegativeInteger(where: string, name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw badOption(where, name, 'a whole number of at least 0', value)
}

/** Returns the value if it is a finite number above 0. @throws `bad-option` */
export function positiveNumber(where: string, name: string, value: unknown): number {
  if (Number.isFinite(value) && (value as number) > 0) return value as number
  throw badOption(where, name, 'a number above 0', value)
}

/** Returns the value if it is a function. @throws `bad-option` */
export function aFunction<F>(where: string, name: string, value: F): F {
  if (typeof value === 'function') return value
  throw badOption(where, name, 'a function', value)
}

/** Returns the value if it is a codec. @throws `bad-option` */
export function aCodec<T>(where: string, value: Codec<T>): Codec<T> {
  const { id, decode } = ((value as unknown) ?? {}) as Partial<Codec<T>>
  if (typeof id === 'string' && typeof decode === 'function') return value
  throw badOption(where, 'codec', 'an object with an id and the function decode', value)
}

/** Returns the value if it is a boolean. @throws `bad-option` */
export function aBoolean(where: string, name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw badOption(where, name, 'true or false', value)
}

/** Returns the value if it is a string of at least one character. @throws `bad-option` */
export function aString(where: string, name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw badOption(where, name, 'a string that is not empty', value)
}

/** Returns the value if it is a finite number. @throws `bad-option` */
export function aNumber(where: string, name: string, value: unknown): number {
  if (Number.isFinite(value)) return value as number
  throw badOption(where, name, 'a number', value)
}

/** Returns the value if it is an array or another iterable. @throws `bad-option` */
export function anIterable<T>(where: string, name: string, value: Iterable<T>): Iterable<T> {
  const given: unknown = value
  if (typeof given === 'string') return value
  if (typeof given === 'object' && given !== null && Symbol.iterator in given) return value
  throw badOption(where, name, 'an array or another iterable', given)
}

/** Returns the known name that is nearest to `name`, if it is similar enough. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.ceil(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

/** Computes the Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

/** Returns the array if it has a record at each place. @throws `bad-option` at its first hole, since it may have billions */
export function withoutHoles<T>(where: string, records: readonly T[]): readonly T[] {
  for (let i = 0; i < records.length; i++) {
    if (records[i] === undefined && !(i in records)) throw sparseRecords(where, i, records.length)
  }
  return records
}
