/** Returns a promise that never settles, as a call of a process that has crashed never returns. */
export function neverSettles<T>(): Promise<T> {
  return new Promise<T>(() => undefined)
}
