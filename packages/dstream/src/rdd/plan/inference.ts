/** Stands for a type that no value has. */
declare const _noValue: unique symbol

/**
 * Is `unknown` for a type of values that TypeScript knows. For a type parameter it stays open, so that no stream fits a
 * `this` that demands it, and the next overload is tried.
 */
export type KnownType<V> = V extends typeof _noValue ? never : unknown

/**
 * Is the type of a combiner whose first form is `C`: a literal of one element is the beginning of a list, a longer one is a
 * tuple.
 */
export type CombinerOf<C> = C extends readonly [infer V] ? V[] : C

/** Adds no value to a type, and makes TypeScript infer an array that is written in place as a tuple. */
export type OrTuple = [never]

/** A pair, as the bound of a type parameter: it makes TypeScript infer `['a', 1]` as `[string, number]`. */
export type AnyPair = readonly [unknown, unknown]

/** A tuple of two elements or more, as the bound of a type parameter. */
export type AnyTuple = readonly [unknown, unknown, ...unknown[]]
