/**
 * The tags of values that msgpackr would not give back unchanged (−0 as 0, a lone surrogate as �, a class instance as a
 * plain object). Such a value is written as a map with one entry, tag → parts. Untagged values are never written as
 * maps, so a tag cannot be mistaken for a value. The numbers are part of the stored format.
 */
export const Tag = {
  minusZero: 0,
  /** UTF-16 code units as bytes, for lone surrogates and for a leading byte order mark, which decoders drop. */
  text: 1,
  bigint: 2,
  /** Key, value, key, value …, for keys that msgpackr would treat specially and for objects used as dictionaries. */
  object: 3,
  nullObject: 4,
  /** Length, then index, value, index, value …, for an array with holes. */
  sparse: 5,
  date: 6,
  map: 7,
  set: 8,
  regExp: 9,
  error: 10,
  buffer: 11,
  arrayBuffer: 12,
  /** Name of the class, then the bytes. */
  view: 13,
  time: 14,
  duration: 15,
  list: 16,
  immutableMap: 17,
  orderedMap: 18,
  immutableSet: 19,
  orderedSet: 20,
  stack: 21,
  /** Name, keys, defaults, values. */
  record: 22,
  /** Items, then name, value, name, value …: what `match` and `exec` return. */
  match: 23,
} as const

export type Tag = (typeof Tag)[keyof typeof Tag]

/** The typed arrays by name. The names are part of the stored format. */
export const views: Readonly<Record<string, new (buffer: ArrayBuffer) => ArrayBufferView>> = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
}

/** The error classes that are restored. An instance of any other error class is refused, like all class instances. */
export const errorClasses: Readonly<Record<string, new (message: string) => Error>> = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
}

/** Node's Buffer class; `undefined` on other hosts. */
export const bufferClass = typeof Buffer === 'undefined' ? undefined : Buffer
