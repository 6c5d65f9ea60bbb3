/**
 * Returns the one value of a name in this process, however many copies of this library are loaded: a program can load the
 * ESM and the CJS build at once.
 */
export function processWide<T>(name: string, make: () => T): T {
  const key = Symbol.for(`dstream.${name}`)
  // eslint-disable-next-line no-restricted-globals -- the one place that all copies share
  const everywhere = globalThis as { [key]?: T }
  return (everywhere[key] ??= make())
}
