/** What a call gives whose caller is dead: it never comes back. */
export const forever = <T>(): Promise<T> => new Promise<T>(() => undefined)
