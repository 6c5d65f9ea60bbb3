import { stateNotData, stateWithPrivateFields } from '../errors/state.js'
import { extraNames, hasExtras } from './array-extras.js'
import { builtInOf, isPlain } from '../built-ins.js'
import { isImmutable } from './immutable.js'
import { ignoreRejection } from '../promises.js'
import { Duration } from '../time/duration.js'
import { Time } from '../time/time.js'

/** Decides about the parts of a value that are no plain data, and about those that JavaScript cannot copy. */
export interface Copying {
  /** Throws for a value that cannot be copied, functions and symbols included. */
  check?(value: unknown): void
  /** Returns whether instances of classes are copied as well; else the copy shares them. */
  readonly instances: boolean
}

/** The levels of a value that are copied on one stack. */
const DEEPEST = 200

const uncopyable = new Set(
  ['Promise', 'WeakMap', 'WeakSet', 'WeakRef', 'Generator', 'AsyncGenerator', 'Map Iterator', 'Set Iterator'].map(
    (tag) => `[object ${tag}]`,
  ),
)

/** Checks that a value can be copied completely. @throws `state-not-data` for one that cannot */
export function checkCopyable(value: unknown): void {
  if (typeof value === 'function' || typeof value === 'symbol') throw stateNotData(value, typeof value)
  if (typeof value !== 'object' || value === null || isPlain(value) || isShared(value)) return
  const tag = tagOf(value)
  if (uncopyable.has(tag)) {
    ignoreRejection(value)
    throw stateNotData(value, tag.slice('[object '.length, -1))
  }
  if (!hasClone(value) && hasPrivateFields(value)) {
    throw stateWithPrivateFields(String((value.constructor as { name?: unknown }).name))
  }
}

/** Returns a deep copy that preserves shared parts and cycles. The copy can be changed, even where the value was frozen. */
export function copyOf<T>(value: T, copying: Copying): T {
  if (typeof value !== 'object' || value === null) {
    copying.check?.(value)
    return value
  }
  const flat = flatCopy(value)
  if (flat !== undefined) return flat as T
  if (isShared(value)) return value
  const deep = new DeepCopy(copying)
  const copy = deep.of(value, 0)
  deep.finish()
  return copy as T
}

const ofRecords: Copying = { instances: false }

/**
 * Returns a copy of a record. Instances of classes are shared: what a record refers to, a connection or a cache, may be
 * anything. Numbers, strings and immutable's collections are returned as they are.
 */
export function copyRecord<T>(record: T): T {
  return typeof record === 'object' && record !== null ? copyOf(record, ofRecords) : record
}

/** Returns whether an object cannot be changed, so that copies share it: a collection of immutable's, a Time, a Duration. */
export function isShared(value: object): boolean {
  return isImmutable(value) || value instanceof Time || value instanceof Duration
}

/** Returns a copy of a plain object or an array of numbers, strings and the like; `undefined` for all else. */
function flatCopy(value: object): object | undefined {
  if (Array.isArray(value)) {
    if (Object.getPrototypeOf(value) !== Array.prototype) return undefined
    for (let i = 0; i < value.length; i++) if (!isLeaf(value[i])) return undefined
    return hasExtras(value) ? undefined : (value.slice() as unknown[])
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined
  const copy: Record<string, unknown> = { ...value }
  for (const name in copy) if (!isLeaf(copy[name])) return undefined
  return copy
}

/** Returns whether a value is a plain object of numbers, strings and the like, of which a spread is a copy. */
export function isFlatObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return false
  for (const name in value) if (!isLeaf(value[name as never])) return false
  return true
}

export function isLeaf(value: unknown): boolean {
  const type = typeof value
  return type === 'object' ? value === null : type !== 'function' && type !== 'symbol'
}

class DeepCopy {
  readonly #copies = new Map<object, object>()
  readonly #copying: Copying
  /** Copies the contents of parts below the deepest level of the stack. */
  readonly #unfinished: (() => void)[] = []

  constructor(copying: Copying) {
    this.#copying = copying
  }

  of(part: unknown, depth: number): unknown {
    this.#copying.check?.(part)
    if (typeof part !== 'object' || part === null || isShared(part)) return part
    const known = this.#copies.get(part)
    if (known !== undefined) return known
    const copy = this.#one(part, depth + 1)
    this.#copies.set(part, copy)
    return copy
  }

  /** Copies what lies so deep that the stack would not hold it. */
  finish(): void {
    for (let fill = this.#unfinished.pop(); fill !== undefined; fill = this.#unfinished.pop()) fill()
  }

  /** Copies the contents of a part, whose copy is known by then: at once, or when the stack is empty again. */
  #fill(depth: number, contents: (depth: number) => void): void {
    if (depth <= DEEPEST) contents(depth)
    else this.#unfinished.push(() => contents(0))
  }

  #one(part: object, depth: number): object {
    if (Array.isArray(part)) return this.#array(part as unknown[], depth)
    switch (builtInOf(part)) {
      case 'TypedArray':
        // A Buffer's own `slice` would share the memory.
        return Uint8Array.prototype.slice.call(part)
      case 'DataView':
        return copyView(part as DataView)
      case 'Date':
        return this.#withProperties(new Date(Date.prototype.getTime.call(part)), part, depth)
      case 'RegExp':
        return this.#withProperties(new RegExp((part as RegExp).source, (part as RegExp).flags), part, depth)
      case 'Error':
        // A DOMException keeps its parts where only structuredClone finds them.
        if (tagOf(part) !== '[object Error]') return structuredClone(part)
        return this.#withProperties(new Error(), part, depth)
      case 'ArrayBuffer':
        return this.#withProperties(structuredClone(part), part, depth)
      case 'Map': {
        const copy = this.#withProperties(new Map<unknown, unknown>(), part, depth)
        this.#fill(depth, (at) => {
          for (const [key, value] of part as Map<unknown, unknown>) {
            Map.prototype.set.call(copy, this.of(key, at), this.of(value, at))
          }
        })
        return copy
      }
      case 'Set': {
        const copy = this.#withProperties(new Set<unknown>(), part, depth)
        this.#fill(depth, (at) => {
          for (const value of part as Set<unknown>) Set.prototype.add.call(copy, this.of(value, at))
        })
        return copy
      }
    }
    if (isPlain(part)) return this.#withProperties({}, part, depth)
    if (!this.#copying.instances) return part
    return hasClone(part) ? part.clone() : this.#withProperties({}, part, depth)
  }

  #array(part: unknown[], depth: number): object {
    const own = extraNames(part).length > 0 || Object.getPrototypeOf(part) !== Array.prototype
    if (own) return this.#withProperties([], part, depth)
    const copy = part.slice()
    this.#copies.set(part, copy)
    this.#fill(depth, (at) => {
      // `forEach` leaves holes alone.
      copy.forEach((item, i) => {
        if (!isLeaf(item)) copy[i] = this.of(item, at)
      })
    })
    return copy
  }

  /** Copies the own properties of a part and its prototype. Registers the copy first, so that cycles find it. */
  #withProperties<C extends object>(copy: C, part: object, depth: number): C {
    const prototype: unknown = Object.getPrototypeOf(part)
    if (Object.getPrototypeOf(copy) !== prototype) Object.setPrototypeOf(copy, prototype as object | null)
    this.#copies.set(part, copy)
    this.#fill(depth, (at) => {
      for (const name of Reflect.ownKeys(part)) {
        const property = propertyOf(part, name)
        // Getters are copied as getters.
        if ('value' in property) Object.assign(property, { value: this.of(property.value, at), writable: true })
        if (!isFixed(part, name)) property.configurable = true
        Object.defineProperty(copy, name, property)
      }
    })
    return copy
  }
}

function propertyOf(part: object, name: PropertyKey): PropertyDescriptor {
  const property = Object.getOwnPropertyDescriptor(part, name)!
  // The getter of the copy would give the stack of the copy. It is one in Node 22 and later.
  const isStack = name === 'stack' && 'get' in property && builtInOf(part) === 'Error'
  return isStack ? { value: (part as Error).stack, enumerable: property.enumerable! } : property
}

/** Returns whether a property of a new object of this kind is there, and can only be given a value. */
function isFixed(part: object, name: PropertyKey): boolean {
  return name === 'length' ? Array.isArray(part) : name === 'lastIndex' && builtInOf(part) === 'RegExp'
}

function copyView(view: DataView): object {
  return new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength))
}

export function hasClone(value: object): value is { clone(): object } {
  return !isPlain(value) && typeof (value as { clone?: unknown }).clone === 'function'
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value)
}

const privateField = /(?:^|[\s;{}])#[\w$]+\s*[=;(]/
const judged = new WeakMap<object, boolean>()

/** Returns whether a class of the value has private fields, which show only in the source text of the class. */
function hasPrivateFields(value: object): boolean {
  for (let prototype = Object.getPrototypeOf(value) as object | null; prototype !== null;) {
    const type: unknown = prototype.constructor
    if (typeof type === 'function' && isJudgedPrivate(type)) return true
    prototype = Object.getPrototypeOf(prototype) as object | null
  }
  return false
}

function isJudgedPrivate(type: object): boolean {
  const known = judged.get(type)
  if (known !== undefined) return known
  const text = Function.prototype.toString.call(type)
  const isPrivate = text.startsWith('class') && privateField.test(text)
  judged.set(type, isPrivate)
  return isPrivate
}
