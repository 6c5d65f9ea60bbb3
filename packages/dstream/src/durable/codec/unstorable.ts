/** Why and where a value cannot be stored. */
export class Unstorable extends Error {
  constructor(
    readonly what: unknown,
    readonly reason: string,
    readonly path: readonly PropertyKey[],
  ) {
    super(reason)
  }
}

/** Returns the part of a path that names an entry of a Map. */
export function label(key: unknown): PropertyKey {
  return typeof key === 'string' || typeof key === 'number' ? key : '(value)'
}

export function nameOf(proto: unknown): string {
  const name: unknown = (proto as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an instance of a class'
}
