import { isA } from '../built-ins.js'
import { mixedOrder, noOrder } from '../errors/keys.js'
import { isDuration } from '../time/duration.js'
import { isTime } from '../time/time.js'
import { isList } from '../values/immutable.js'

/**
 * Compares two values in the natural order of sorts, `top` and `max`: numbers (−0 is 0, NaN last), bigints, strings by code
 * unit, false before true, Dates, Times and Durations by their milliseconds, arrays and immutable Lists element by
 * element, the shorter first. `null` equals `null`. The result is negative, zero or positive.
 * @throws `mixed-order` for values of two types, `no-order` for anything else
 *
 * @example
 * [[2, 'a'], [1, 'b']].sort(compareNatural) // [[1, 'b'], [2, 'a']]
 */
export function compareNatural(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b)
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  if (typeof a === 'object' || typeof b === 'object') return compareObjects(a, b)
  if (!isOrdered(a)) throw noOrder(a)
  if (!isOrdered(b)) throw noOrder(b)
  if (typeof a !== typeof b) throw mixedOrder(a, b)
  return a < b ? -1 : a > b ? 1 : 0
}

function compareNumbers(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b) return 0
  return a === a ? -1 : b === b ? 1 : 0
}

function isOrdered(value: unknown): value is number | string | bigint | boolean {
  const type = typeof value
  return type === 'number' || type === 'string' || type === 'bigint' || type === 'boolean'
}

function compareObjects(a: unknown, b: unknown): number {
  const kind = kindOf(a)
  if (kind !== kindOf(b)) throw mixedOrder(a, b)
  if (kind === 'null') return 0
  if (kind === 'array' || kind === 'list') return compareSequences(a as Iterable<unknown>, b as Iterable<unknown>)
  return compareNumbers(Number(a), Number(b))
}

function compareSequences(a: Iterable<unknown>, b: Iterable<unknown>): number {
  const others = b[Symbol.iterator]()
  for (const x of a) {
    const y = others.next()
    if (y.done === true) return 1
    const order = compareNatural(x, y.value)
    if (order !== 0) return order
  }
  return others.next().done === true ? 0 : -1
}

/** @throws `no-order` */
function kindOf(value: unknown): string {
  if (isOrdered(value)) return typeof value
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (isTime(value)) return 'Time'
  if (isDuration(value)) return 'Duration'
  if (isA('Date', value)) return 'Date'
  if (typeof value === 'object' && isList(value)) return 'list'
  throw noOrder(value)
}
