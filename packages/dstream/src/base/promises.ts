import { promiseReturned } from './errors/rdd.js'

/** A type of no value: no promise is of it. */
interface NeverAwaited {
  readonly neverAwaited: never
}

/** Anything that `await` would wait for, whose `then` returns an `R`. */
interface Thenable<R> {
  then(...args: any): R
}

/** Names the way out in the compiler's message about an async function. */
export interface AsyncFunctionRefused {
  readonly 'The function must not be async: await with mapAsync': NeverAwaited
}

/**
 * The result type of a user's function that is called and not awaited. It is `R`, unless `R` is a promise or may be one:
 * then the function does not compile. `any`, `unknown` and type parameters of a generic caller compile.
 *
 * A signature declares a second type parameter, which is inferred from nothing: `<U, B = [U]>(f: () => NotAwaited<U, B>)`. It
 * delays the test until `R` is known. A plain conditional type on `R` would stay unresolved for a type parameter of the
 * caller, and the compiler would refuse the call.
 */
export type NotAwaited<R, Boxed> = R & RefusesPromise<Boxed>

// `V & Thenable<any>`, which remains of a type parameter V, is assignable to every Thenable. A promise is not, since its
// `then` returns a promise and nothing of the type that is asked for here. All that is no promise is `never`.
type RefusesPromise<Boxed> = [Boxed, () => Extract<Unboxed<Boxed>, Thenable<any>>] extends [
  unknown,
  () => Thenable<NeverAwaited>,
]
  ? unknown
  : AsyncFunctionRefused

type Unboxed<Boxed> = Boxed extends readonly [infer R] ? R : never

/** Returns whether `await` would wait for a value: a promise of any realm, or another object with a method `then`. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** Returns whether a value is a promise, or a pair with one: `[user, fetchProfile(user)]`. */
export function holdsPromise(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return (
    isThenable(value) || (Array.isArray(value) && value.length === 2 && (isThenable(value[0]) || isThenable(value[1])))
  )
}

/** Returns the result of a user's function that nothing awaits. @throws `promise-returned` for a promise */
export function settled<R>(operator: string, result: R): R {
  if (isThenable(result)) throw refusedPromise(operator, result)
  return result
}

/** Returns a record that a user's function made. @throws `promise-returned` for a promise, and for a pair with one */
export function settledRecord<R>(operator: string, record: R): R {
  if (holdsPromise(record)) throw refusedPromise(operator, record)
  return record
}

/** Returns the error for a result that holds a promise: the result itself, or a part of a pair or of a list of records. */
export function refusedPromise(operator: string, result: unknown): Error {
  ignoreRejection(result)
  return promiseReturned(operator)
}

/**
 * Marks the rejections of a promise, or of those in a list of records, as handled: the promises are dropped, and a rejection
 * must not end the process. Does nothing to other thenables, since `then` of a query would run it.
 */
export function ignoreRejection(value: unknown, levels = 2): void {
  if (Array.isArray(value) && levels > 0) for (const part of value) ignoreRejection(part, levels - 1)
  if (!isThenable(value)) return
  try {
    void Promise.prototype.then.call(value, undefined, () => undefined)
  } catch {
    // It is no promise of the language, in any realm.
  }
}
