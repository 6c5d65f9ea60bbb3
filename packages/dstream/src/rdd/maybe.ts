/** A value that is there, or will be. Most evaluations never wait, and a promise costs more than a small batch. */
export type Maybe<T> = T | Promise<T>

/** Not called `then`: a module that exports a `then` is taken for a promise by `import()`. */
export function andThen<T, U>(value: Maybe<T>, next: (value: T) => Maybe<U>): Maybe<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** `body(0)`, `body(1)` … one after the other, until one gives false. Waits only where one has to be waited for. */
export function inOrder(count: number, body: (i: number) => Maybe<boolean | void>, from = 0): Maybe<void> {
  for (let i = from; i < count; i++) {
    const more = body(i)
    if (more instanceof Promise) {
      return more.then((go) => (go === false ? undefined : inOrder(count, body, i + 1)))
    }
    if (more === false) return
  }
}

/** The values of `body(0)` to `body(count − 1)`, evaluated one after the other. */
export function gather<T>(count: number, body: (i: number) => Maybe<T>): Maybe<T[]> {
  const values: T[] = []
  const done = inOrder(count, (i) => andThen(body(i), (value) => void values.push(value)))
  return andThen(done, () => values)
}
