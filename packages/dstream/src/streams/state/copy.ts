import { stateNotData, stateWithPrivateFields } from '../../base/errors/state.js'
import { ignoreRejection } from '../../base/promises.js'
import { builtInOf, isPlain } from '../../base/built-ins.js'

export interface Copying {
  /** Returns whether a part needs no copy, because it cannot be changed. */
  isShared(part: object): boolean
  /** Called with the copy of each frozen part, which is frozen as well. */
  frozen(copy: object): void
}

const uncopyable = new Set(
  ['Promise', 'WeakMap', 'WeakSet', 'WeakRef', 'Generator', 'AsyncGenerator', 'Map Iterator', 'Set Iterator'].map(
    (tag) => `[object ${tag}]`,
  ),
)

/** Checks that an object can be copied completely. @throws `state-not-data` for one that cannot */
export function checkCopyable(value: object): void {
  const tag = tagOf(value)
  if (uncopyable.has(tag)) {
    ignoreRejection(value)
    throw stateNotData(value, tag.slice('[object '.length, -1))
  }
  if (!hasClone(value) && hasPrivateFields(value)) {
    throw stateWithPrivateFields(String((value.constructor as { name?: unknown }).name))
  }
}

/** Returns a deep copy that preserves shared parts and cycles. */
export function copyOf<T>(value: T, copying: Copying): T {
  const copies = new Map<object, object>()
  const visit = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) return part
    const known = copies.get(part)
    if (known !== undefined) return known
    if (copying.isShared(part)) return part
    const copy = copyOne(part, visit, (empty) => copies.set(part, empty))
    copies.set(part, copy)
    if (Object.isFrozen(part) && !ArrayBuffer.isView(part)) copying.frozen(Object.freeze(copy))
    return copy
  }
  return visit(value) as T
}

/** Copies one object. Calls `begun` with the copy before it visits the parts, so that cycles find it. */
function copyOne(part: object, visit: (part: unknown) => unknown, begun: (copy: object) => void): object {
  if (Array.isArray(part)) return withOwnProperties([], part, visit, begun)
  switch (builtInOf(part)) {
    case 'TypedArray':
      // A Buffer's own `slice` would share the memory.
      return Uint8Array.prototype.slice.call(part)
    case 'DataView':
      return copyView(part as DataView)
    case 'Date':
    case 'RegExp':
    case 'Error':
    case 'ArrayBuffer':
      return structuredClone(part)
    case 'Map':
      return copyMap(part as Map<unknown, unknown>, visit, begun)
    case 'Set':
      return copySet(part as Set<unknown>, visit, begun)
  }
  return hasClone(part) ? part.clone() : withOwnProperties({}, part, visit, begun)
}

function copyMap(
  part: Map<unknown, unknown>,
  visit: (part: unknown) => unknown,
  begun: (copy: object) => void,
): object {
  const copy = withOwnProperties(new Map<unknown, unknown>(), part, visit, begun)
  for (const [key, value] of part) Map.prototype.set.call(copy, visit(key), visit(value))
  return copy
}

function copySet(part: Set<unknown>, visit: (part: unknown) => unknown, begun: (copy: object) => void): object {
  const copy = withOwnProperties(new Set<unknown>(), part, visit, begun)
  for (const value of part) Set.prototype.add.call(copy, visit(value))
  return copy
}

function withOwnProperties<T extends object>(
  copy: T,
  part: object,
  visit: (part: unknown) => unknown,
  begun: (copy: object) => void,
): T {
  const prototype: unknown = Object.getPrototypeOf(part)
  if (Object.getPrototypeOf(copy) !== prototype) Object.setPrototypeOf(copy, prototype as object | null)
  begun(copy)
  for (const name of Reflect.ownKeys(part)) {
    const property = Object.getOwnPropertyDescriptor(part, name)!
    // Getters are copied as getters. Frozen parts are copied writable, and frozen again once they are complete.
    if ('value' in property) Object.assign(property, { value: visit(property.value), writable: true })
    if (!(name === 'length' && Array.isArray(part))) property.configurable = true
    Object.defineProperty(copy, name, property)
  }
  return copy
}

function copyView(view: DataView): object {
  return new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength))
}

function hasClone(value: object): value is { clone(): object } {
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
