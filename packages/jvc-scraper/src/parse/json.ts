/** A JSON value of unknown shape. The site's PHP writes `[]` for an empty object, so every field is checked. */
export type Json = unknown

/** Returns the own property `key` of an object (not of an array), or undefined. */
export function field(value: Json, key: string): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, key)
    ? (value as Record<string, Json>)[key]
    : undefined
}

/** Returns a string field, or undefined. */
export function text(value: Json, key: string): string | undefined {
  const found = field(value, key)
  return typeof found === 'string' ? found : undefined
}

/**
 * Returns an array field, or undefined. PHP writes an array with gaps as an object with the indices as keys, which counts
 * as an array too, also when it is empty.
 *
 * @example
 * array({ posts: { 0: 'a', 2: 'c' } }, 'posts') // ['a', 'c']
 */
export function array(value: Json, key: string): readonly Json[] | undefined {
  const found = field(value, key)
  if (Array.isArray(found)) return found
  if (typeof found !== 'object' || found === null) return undefined
  return Object.keys(found).every((index) => /^\d{1,9}$/.test(index)) ? Object.values(found) : undefined
}

/** Returns a field that is a whole number ≥ 0, written as a number or as digits, or undefined. */
export function count(value: Json, key: string): number | undefined {
  const found = field(value, key)
  const n = typeof found === 'string' && /^\d{1,15}$/.test(found) ? Number(found) : found
  return typeof n === 'number' && Number.isSafeInteger(n) && n >= 0 ? n : undefined
}

/** Returns a field that is an id (a whole number > 0) as decimal digits, or undefined. */
export function id(value: Json, key: string): string | undefined {
  const n = count(value, key)
  return n === undefined || n === 0 ? undefined : String(n)
}
