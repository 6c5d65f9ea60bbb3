import { hasExtras } from '../../base/values/array-extras.js'
import { builtInOf, isPlain } from '../../base/built-ins.js'
import { checkCopyable, copyOf, hasClone, isShared, type Copying } from '../../base/values/copy.js'

/**
 * What the engine keeps over a batch is its own: the values of states and the records of windows. It keeps copies of what it
 * is given, and hands out copies of what it keeps, one for each call. A function may change its copy, in CommonJS as in
 * ESM; the change counts when the function returns the copy, and nothing else that is kept changes. Nothing is frozen: that
 * would reach objects of others, and without 'use strict' a change of a frozen object is ignored without a word.
 *
 * Numbers, strings, times and immutable's collections cannot be changed and are never copied.
 */
const toKeep: Copying = { check: checkCopyable, instances: true }
const toHandOut: Copying = { instances: true }

/**
 * Returns the engine's own copy of a state.
 *
 * @throws `state-not-data` for functions, symbols, promises and other values that cannot be copied and stored
 */
export function ownState<S>(value: S): S {
  return copyOf(value, toKeep)
}

/** Returns a state for one call of a user's function, or for one reader. */
export function handOut<S>(value: S): S {
  return typeof value !== 'object' || value === null ? value : copyOf(value, toHandOut)
}

/**
 * Returns whether a copy that was handed out is still equal to the state; `undefined` where that shows only to the class
 * itself, or only below so many levels that the stack does not hold them.
 */
export function isUnchanged(state: unknown, copy: unknown): boolean | undefined {
  return isFlatEqual(state, copy) ?? new Comparison().equal(state, copy)
}

/** Compares plain objects and arrays of numbers, strings and the like, without a call per part; `undefined` for all else. */
function isFlatEqual(a: unknown, b: unknown): boolean | undefined {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return false
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return undefined
    return hasExtras(b) ? undefined : true
  }
  if (Object.getPrototypeOf(a) !== Object.prototype || Object.getPrototypeOf(b) !== Object.prototype) return undefined
  for (const name in a) {
    const value: unknown = a[name as never]
    if (!Object.is(value, b[name as never])) return undefined
    if (value === undefined && !Object.hasOwn(b, name)) return false
  }
  for (const name in b) if (!Object.hasOwn(a, name)) return false
  return true
}

/** The levels of two values that are compared. */
const DEEPEST = 1000

class Comparison {
  /** The parts that are compared, or being compared; a copy has the same sharing and cycles. */
  readonly #seen = new Map<object, unknown>()

  equal(a: unknown, b: unknown, depth = 0): boolean | undefined {
    if (Object.is(a, b)) return true
    if (depth > DEEPEST) return undefined
    if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return false
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b) && isPlain(a)) return false
    if (isShared(a)) return false
    if (this.#seen.has(a)) return this.#seen.get(a) === b
    this.#seen.set(a, b)
    const kind = builtInOf(a)
    if (kind !== builtInOf(b)) return false
    if (kind === undefined && hasClone(a)) return undefined
    const contents = kind === undefined ? true : this.#list(contentsOf(a, kind), contentsOf(b, kind), depth)
    if (contents === false || kind === 'TypedArray') return contents
    return both(contents, this.#properties(a, b, depth))
  }

  #properties(a: object, b: object, depth: number): boolean | undefined {
    const names = Reflect.ownKeys(a)
    if (names.length !== Reflect.ownKeys(b).length) return false
    let result: boolean | undefined = true
    for (const name of names) {
      if (!Object.hasOwn(b, name)) return false
      result = both(result, this.equal(a[name as never], b[name as never], depth + 1))
      if (result === false) return false
    }
    return result
  }

  #list(a: readonly unknown[], b: readonly unknown[], depth: number): boolean | undefined {
    if (a.length !== b.length) return false
    let result: boolean | undefined = true
    for (let i = 0; i < a.length && result !== false; i++) result = both(result, this.equal(a[i], b[i], depth + 1))
    return result
  }
}

function both(a: boolean | undefined, b: boolean | undefined): boolean | undefined {
  return a === false || b === false ? false : a === undefined || b === undefined ? undefined : true
}

/** Returns what a built-in object holds beside its properties. */
function contentsOf(value: object, kind: NonNullable<ReturnType<typeof builtInOf>>): readonly unknown[] {
  switch (kind) {
    case 'Map':
      return [...(value as Map<unknown, unknown>)].flat()
    case 'Set':
      return [...(value as Set<unknown>)]
    case 'Date':
      return [(value as Date).getTime()]
    case 'RegExp':
      return [String(value)]
    case 'Error':
      return [(value as Error).message]
    case 'ArrayBuffer':
      return Array.from(new Uint8Array(value as ArrayBuffer))
    case 'DataView': {
      const { buffer, byteOffset, byteLength } = value as DataView
      return Array.from(new Uint8Array(buffer, byteOffset, byteLength))
    }
    case 'TypedArray':
      return Array.from(value as unknown as ArrayLike<unknown>)
  }
}
