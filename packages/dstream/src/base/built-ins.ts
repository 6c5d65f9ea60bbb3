/**
 * Recognises values by what they are, not by the class of this realm: a value of `vm`, or of a test runner that uses it, has
 * another `Object`, `Map` and `Date`.
 */
export type BuiltIn = 'Map' | 'Set' | 'Date' | 'RegExp' | 'Error' | 'ArrayBuffer' | 'DataView' | 'TypedArray'

interface Kinds {
  Map: Map<unknown, unknown>
  Set: Set<unknown>
  Date: Date
  RegExp: RegExp
  Error: Error
  ArrayBuffer: ArrayBuffer
}

/** A method or getter of each class that throws unless its receiver has the internal slots of that class. */
const probes: Readonly<Record<keyof Kinds, (value: object) => unknown>> = {
  Map: getterOf(Map.prototype, 'size'),
  Set: getterOf(Set.prototype, 'size'),
  Date: (value) => Date.prototype.getTime.call(value),
  RegExp: getterOf(RegExp.prototype, 'source'),
  // Errors have slots, but no method that looks for them.
  Error: () => undefined,
  ArrayBuffer: getterOf(ArrayBuffer.prototype, 'byteLength'),
}
const classes = { Map, Set, Date, RegExp, Error, ArrayBuffer }

/** Returns whether a value is a plain object or an array, the two kinds of objects of JSON. */
export function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === null || isObjectPrototype(prototype)
}

/** Returns whether a prototype is the `Object.prototype` of a realm. */
export function isObjectPrototype(prototype: object): boolean {
  if (prototype === Object.prototype) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}

/** Returns the kind of a built-in object, also of an instance of a subclass; `undefined` for all others, plain ones too. */
export function builtInOf(value: object): BuiltIn | undefined {
  if (isPlain(value)) return undefined
  if (ArrayBuffer.isView(value)) return isTypedArray(value) ? 'TypedArray' : 'DataView'
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1)
  const names = Object.keys(classes) as (keyof Kinds)[]
  // A subclass may have a tag of its own.
  const name = names.find((known) => tag === known) ?? names.find((known) => value instanceof classes[known])
  return name !== undefined && hasSlots(value, name) ? name : undefined
}

/** Returns whether a value is a Map, a Date … of any realm. */
export function isA<K extends keyof Kinds>(kind: K, value: unknown): value is Kinds[K] {
  return typeof value === 'object' && value !== null && builtInOf(value) === kind
}

const nativeNames = new WeakMap<object, string | undefined>()

/**
 * Returns the name of the class whose `prototype` this is: `Map`, `TypeError`. `undefined` unless the class is built in; a
 * subclass is not.
 */
export function nativeClassOf(prototype: object): string | undefined {
  if (!nativeNames.has(prototype)) nativeNames.set(prototype, readNativeName(prototype))
  return nativeNames.get(prototype)
}

function readNativeName(prototype: object): string | undefined {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof type !== 'function' || type.prototype !== prototype) return undefined
  return /^function (\w+)\(\) \{ \[native code\] \}$/.exec(Function.prototype.toString.call(type))?.[1]
}

function hasSlots(value: object, name: keyof Kinds): boolean {
  try {
    probes[name](value)
    return true
  } catch {
    return false
  }
}

const typeOfView = getterOf(Object.getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag)

function isTypedArray(view: ArrayBufferView): boolean {
  return typeOfView(view) !== undefined
}

function getterOf(prototype: object, name: PropertyKey): (value: object) => unknown {
  const get = Object.getOwnPropertyDescriptor(prototype, name)!.get!
  return (value) => get.call(value) as unknown
}
