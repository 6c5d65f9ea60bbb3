/** The properties of what `match` and `exec` return; `indices` with the flag d, itself an array with `groups`. */
export const matchNames = new Set(['index', 'input', 'groups', 'indices'])
/** Above this length the values of an array are cheaper to count than its keys, which are strings. */
const FEW_ITEMS = 8

/** Returns whether an array has enumerable properties beside its items. Of a long array without holes only; see #sparse. */
export function hasExtras(array: readonly unknown[]): boolean {
  if (array.length > FEW_ITEMS ? Object.values(array).length > array.length : extraNames(array).length > 0) return true
  return Object.getOwnPropertySymbols(array).length > 0
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
