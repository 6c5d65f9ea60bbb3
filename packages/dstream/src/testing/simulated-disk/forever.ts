/** What a call gives whose caller is dead: it never comes back. */
export function forever<T>(): Promise<T> {
  return new Promise<T>(() => undefined)
}
