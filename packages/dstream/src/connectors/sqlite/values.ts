import { Time } from 'dstream'
import { json } from '../sql/json.js'

/** Returns a value as SQLite can hold it. @throws TypeError for one that it cannot */
export function sqliteValue(value: unknown, holdsNumbers: boolean): string | number | bigint | Buffer | null {
  switch (typeof value) {
    case 'undefined':
      return null
    case 'string':
      return value
    case 'boolean':
      return value ? 1 : 0
    case 'number':
      if (!Number.isNaN(value)) return value
      throw new TypeError('SQLite has no NaN, and would store NULL; give null.')
    case 'bigint':
      if (BigInt.asIntN(64, value) === value) return value
      throw new TypeError(`${value}n does not fit into the 64 bits of a whole number; give a text.`)
    case 'object':
      return value === null ? null : objectValue(value, holdsNumbers)
    default:
      throw new TypeError(`The value is a ${typeof value}, which no column can hold.`)
  }
}

function objectValue(value: object, holdsNumbers: boolean): string | number | Buffer {
  if (value instanceof Time) return holdsNumbers ? value.milliseconds : new Date(value.milliseconds).toISOString()
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new TypeError('The value is an invalid Date.')
    return holdsNumbers ? value.getTime() : value.toISOString()
  }
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return json(value)
}
