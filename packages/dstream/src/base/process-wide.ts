/**
 * One value per process and name, whatever number of copies of this library it has loaded: a program can hold the ESM and
 * the CJS build at once.
 */
export function processWide<T>(name: string, make: () => T): T {
  const key = Symbol.for(`dstream.${name}`)
  // eslint-disable-next-line no-restricted-globals -- the one place that all copies share
  const everywhere = globalThis as { [key]?: T }
  return (everywhere[key] ??= make())
}
