/** Returns a promise that never settles, like a call of a process that has crashed. */
export function neverSettles<T>(): Promise<T> {
  return new Promise<T>(() => undefined)
}
