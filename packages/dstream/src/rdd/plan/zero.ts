import { builtInOf, isPlain } from '../../base/built-ins.js'
import { isImmutable } from '../../base/values/immutable.js'

/**
 * Returns a function that supplies the zero of a fold, a fresh copy each time where it is data: the fold may then change
 * its first argument in place, as in Spark, which sends each task a copy. Instances of classes, immutable's collections
 * and functions are not copied; nor are the keys of a Map and the elements of a Set, whose identity matters.
 */
export function zeroSupply<T>(zero: T): () => T {
  return typeof zero === 'object' && zero !== null ? () => copyOf(zero, new Map()) as T : () => zero
}

function copyOf(part: unknown, copies: Map<object, object>): unknown {
  if (typeof part !== 'object' || part === null) return part
  const known = copies.get(part)
  if (known !== undefined) return known
  const visit = (inner: unknown) => copyOf(inner, copies)
  const begun = <C extends object>(copy: C): C => {
    copies.set(part, copy)
    return copy
  }
  if (Array.isArray(part)) {
    const copy = begun([] as unknown[])
    for (const inner of part) copy.push(visit(inner))
    return copy
  }
  switch (builtInOf(part)) {
    case 'Map': {
      const copy = begun(new Map<unknown, unknown>())
      for (const [key, value] of part as Map<unknown, unknown>) copy.set(key, visit(value))
      return copy
    }
    case 'Set':
      return begun(new Set(part as Set<unknown>))
    case 'Date':
    case 'ArrayBuffer':
    case 'DataView':
    case 'TypedArray':
      return structuredClone(part)
  }
  if (isImmutable(part) || !isPlain(part)) return part
  const copy = begun(Object.create(Object.getPrototypeOf(part) as object | null) as Record<string, unknown>)
  for (const [name, value] of Object.entries(part)) copy[name] = visit(value)
  return copy
}
