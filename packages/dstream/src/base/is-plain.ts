/** Returns whether a value is a plain object or an array, the two kinds of objects of JSON. */
export function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  // Objects of another realm (vm, tests) have another Object.prototype.
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}
