import type * as Immutable from 'immutable'

/**
 * The library of immutable collections. It is loaded by the parts that make collections, since loading it takes longer than
 * loading all of this library; collections that a program made are recognised by their marks (`immutable.ts`).
 */
let library: typeof Immutable | undefined

/** Resolves when collections can be made. */
export async function loadImmutable(): Promise<void> {
  library ??= await import('immutable')
}

/** Returns the library, which must have been loaded. */
export function immutable(): typeof Immutable {
  if (library === undefined) throw new TypeError('immutable is used before loadImmutable() has resolved')
  return library
}
