/** A value, or a promise of one. Most evaluations never wait, and a promise costs more than a small batch. */
export type MaybePromise<T> = T | Promise<T>

/**
 * Passes a value to `next` once it is there. The name is not `then`, because `import()` takes a module that exports `then`
 * for a promise.
 */
export function chain<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Returns what `make` gives; an error that it throws becomes a rejection. */
export function attempted<T>(make: () => MaybePromise<T>): MaybePromise<T> {
  try {
    return make()
  } catch (error) {
    return Promise.reject(error as Error)
  }
}

/** Replaces the error of a promise by a value. */
export function caught<T, U>(
  value: MaybePromise<T>,
  instead: (error: unknown) => MaybePromise<U>,
): MaybePromise<T | U> {
  return value instanceof Promise ? value.catch(instead) : value
}

/** Calls `body(0)`, `body(1)` … one after the other, until one returns false. Waits only for promises. */
export function forEachInOrder(count: number, body: (i: number) => MaybePromise<boolean | void>): MaybePromise<void> {
  for (let i = 0; i < count; i++) {
    const more = body(i)
    if (more instanceof Promise) return waitInOrder(more, i + 1, count, body)
    if (more === false) return
  }
}

async function waitInOrder(
  first: Promise<boolean | void>,
  from: number,
  count: number,
  body: (i: number) => MaybePromise<boolean | void>,
): Promise<void> {
  if ((await first) === false) return
  for (let i = from; i < count; i++) {
    const more = body(i)
    if ((more instanceof Promise ? await more : more) === false) return
  }
}

/** Returns the values of `body(0)` to `body(count − 1)`, called one after the other. */
export function mapInOrder<T>(count: number, body: (i: number) => MaybePromise<T>): MaybePromise<T[]> {
  const values: T[] = []
  const done = forEachInOrder(count, (i) => chain(body(i), (value) => void values.push(value)))
  return chain(done, () => values)
}
