import { isA } from '../built-ins.js'
import { describe } from '../text/describe.js'
import { DStreamError } from './base.js'

const WAYS = 'use a string, a number, an array like [user, topic], or an immutable Record, Map, Set or List'

export function keyNotAllowed(key: unknown, part: unknown): DStreamError {
  const where = key === part ? 'as a key' : `in the key ${describe(key)}`
  return new DStreamError(
    'key-not-allowed',
    `${sentence(kindOf(part))} is not allowed ${where}, because keys are compared by value; ${cureFor(part)}`,
  )
}

export function keyTooDeep(): DStreamError {
  return new DStreamError(
    'key-not-allowed',
    `A key is nested more than 100 levels deep, or holds itself; ${WAYS}, without cycles`,
  )
}

export function keyWithoutEnd(): DStreamError {
  return new DStreamError('key-not-allowed', 'A sequence without end is not allowed as a key; use take(n) of it')
}

export function keyStillMutable(key: unknown): DStreamError {
  return new DStreamError(
    'key-not-allowed',
    `The key ${describe(key)} is an immutable collection made mutable by asMutable or withMutations; call asImmutable() before using it as a key`,
  )
}

export function mixedOrder(a: unknown, b: unknown): DStreamError {
  return new DStreamError(
    'mixed-order',
    `${sentence(theValue(a))} and ${theValue(b)} have no common order; convert one of them, or sort by something that all have`,
  )
}

export function noOrder(value: unknown): DStreamError {
  return new DStreamError(
    'no-order',
    `${sentence(kindOf(value))} has no natural order; sort by a number, a string or an array of them`,
  )
}

export function badPartition(key: unknown, partition: unknown, numPartitions: number): DStreamError {
  return new DStreamError(
    'bad-partition',
    `getPartition(${describe(key)}) of a partitioner gave ${describe(partition)}; it must give a whole number from 0 to ${numPartitions - 1}`,
  )
}

export function badPartitioner(where: string, value: unknown): DStreamError {
  return new DStreamError(
    'bad-partitioner',
    `${where}: ${describe(value)} is not a partitioner; it needs numPartitions, a whole number of at least 1, and getPartition(key)`,
  )
}

export function partitionsDisagree(where: string, numPartitions: number, ofPartitioner: number): DStreamError {
  return new DStreamError(
    'bad-option',
    `${where}: numPartitions is ${numPartitions} but the partitioner has ${ofPartitioner}; give one of the two`,
  )
}

function cureFor(part: unknown): string {
  if (part === undefined) return 'use null for "none", or filter such records out'
  if (isA('Date', part)) return 'use date.getTime() or date.toISOString()'
  if (ArrayBuffer.isView(part)) return 'use a string such as its hex form, or [...bytes]'
  if (isA('Map', part) || isA('Set', part)) return "use immutable's Map or Set, or an array"
  if (isValueObject(part))
    return 'use what it consists of: an array, or an immutable Record, which every process can compare'
  if (typeof part === 'object') return `${WAYS}, or turn it into a string by JSON.stringify`
  return WAYS
}

function isValueObject(part: unknown): boolean {
  return typeof part === 'object' && part !== null && 'equals' in part && 'hashCode' in part
}

/** Returns type and value with an article: `a plain object {"a":1}`, `an Array [1, 2]`, `undefined`. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  const name = typeName(value)
  return `${/^[aeio]/i.test(name) ? 'an' : 'a'} ${name} ${describe(value)}`
}

/** Begins a sentence, unless it begins with a value of JavaScript, as `undefined` does. */
function sentence(text: string): string {
  return text.replace(/^(an?|the) /, (article) => article[0]!.toUpperCase() + article.slice(1))
}

function theValue(value: unknown): string {
  return value === null ? 'null' : `the ${typeName(value)} ${describe(value)}`
}

function typeName(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name !== 'string' || name === 'Object' || name === '' ? 'plain object' : name
}
