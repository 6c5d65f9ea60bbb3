/** The properties of what `match` and `exec` return; `indices` with the flag d, itself an array with `groups`. */
export const matchNames = new Set(['index', 'input', 'groups', 'indices'])
/** Above this length the values of an array are cheaper to count than its keys, which are strings. */
const FEW_ITEMS = 8
/** The names of the last items of arrays of up to so many. */
const LAST_NAMES = Array.from({ length: FEW_ITEMS }, (_, i) => String(i))

/** Returns whether an array has enumerable properties beside its items. Of a long array without holes only; see #sparse. */
export function hasExtras(array: readonly unknown[]): boolean {
  if (array.length > FEW_ITEMS ? Object.values(array).length > array.length : hasNames(array)) return true
  return Object.getOwnPropertySymbols(array).length > 0
}

function hasNames(array: readonly unknown[]): boolean {
  const keys = Object.keys(array)
  if (keys.length === 0 || keys[keys.length - 1] === LAST_NAMES[array.length - 1]) return false
  return extraNames(array).length > 0
}

const plainPairs = new WeakMap<readonly unknown[], boolean>()

/** Returns whether a record is an array with nothing beside its items. */
export function isPlainPair(record: unknown): boolean {
  return Array.isArray(record) && Object.getPrototypeOf(record) === Array.prototype && !hasExtras(record)
}

/**
 * Returns whether all records of an array that the engine keeps are pairs with nothing beside their two items. Looks at them
 * once: that takes longer than to copy or to encode them.
 */
export function arePlainPairs(records: readonly unknown[]): records is readonly (readonly [unknown, unknown])[] {
  let are = plainPairs.get(records)
  if (are === undefined) plainPairs.set(records, (are = records.every(isPlainPair)))
  return are
}

/** Notes what a look at all records of an array that the engine keeps has found. */
export function notePlainPairs(records: readonly unknown[], are: boolean): void {
  plainPairs.set(records, are)
}

export function areKnownPlainPairs(records: readonly unknown[]): boolean {
  return plainPairs.get(records) === true
}

/** Returns the names of those properties. They come after all indexes, of which there may be a million. */
export function extraNames(array: readonly unknown[]): string[] {
  const keys = Object.keys(array)
  const names: string[] = []
  for (let i = keys.length - 1; i >= 0 && !isIndex(keys[i]!); i--) names.unshift(keys[i]!)
  return names
}

function isIndex(name: string): boolean {
  const index = Number(name) >>> 0
  return String(index) === name && index < 0xffff_ffff
}

/** Returns a symbol under which an object has an enumerable property. */
export function symbolOf(object: object): symbol | undefined {
  const isEnumerable = (name: symbol) => Object.prototype.propertyIsEnumerable.call(object, name)
  return Object.getOwnPropertySymbols(object).find(isEnumerable)
}
