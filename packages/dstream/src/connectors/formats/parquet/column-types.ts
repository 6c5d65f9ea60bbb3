import { Time } from 'dstream'
import { valueNotFitting } from '../errors.js'

/** The types of the columns of a file that is written. */
export type ParquetType =
  'BOOLEAN' | 'INT32' | 'INT64' | 'FLOAT' | 'DOUBLE' | 'STRING' | 'JSON' | 'TIMESTAMP' | 'BYTE_ARRAY'

/** Returns the value as the library takes it; `undefined` for one that is not of the type. */
type Convert = (value: unknown) => unknown

const INT64_MAX = 2n ** 63n

const CONVERT: Readonly<Record<ParquetType, Convert>> = {
  BOOLEAN: (value) => (typeof value === 'boolean' ? value : undefined),
  INT32: (value) => (Number.isInteger(value) && (value as number) === ((value as number) | 0) ? value : undefined),
  INT64: (value) => {
    if (Number.isSafeInteger(value)) return BigInt(value as number)
    return typeof value === 'bigint' && value >= -INT64_MAX && value < INT64_MAX ? value : undefined
  },
  FLOAT: (value) => (typeof value === 'number' ? value : undefined),
  DOUBLE: (value) => (typeof value === 'number' ? value : undefined),
  STRING: (value) => (typeof value === 'string' ? value : undefined),
  JSON: jsonValue,
  TIMESTAMP: (value) => {
    const date = value instanceof Time ? new Date(value.milliseconds) : value
    return date instanceof Date && !Number.isNaN(date.getTime()) ? date : undefined
  },
  BYTE_ARRAY: (value) => (value instanceof Uint8Array ? value : undefined),
}

/**
 * Returns what JSON writes of a value, as objects without a prototype: the library copies all others name by name, which
 * loses `__proto__` and does not call `toJSON`.
 */
function jsonValue(value: unknown): unknown {
  try {
    const text = JSON.stringify(value) as string | undefined
    return text === undefined ? undefined : JSON.parse(text, (_, part: unknown) => withoutPrototype(part))
  } catch {
    return undefined
  }
}

function withoutPrototype(part: unknown): unknown {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
  return Object.assign(Object.create(null) as object, part)
}

/** The names of the types. */
export const PARQUET_TYPES = Object.keys(CONVERT) as readonly ParquetType[]

/** Returns a value as the library takes it, `null` for none. @throws `value-not-fitting` */
export function converted(column: string, type: ParquetType, value: unknown): unknown {
  if (value === null || value === undefined) return null
  const given = CONVERT[type](value)
  if (given === undefined) throw valueNotFitting(column, type, value)
  return given
}
