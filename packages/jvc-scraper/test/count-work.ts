/**
 * Counts the characters that string operations touch while a function runs.
 *
 * A growth test can compare these counts where times would depend on the machine. An operation that may have to look at
 * (or flatten) the whole string is charged with its length; a search is charged with the distance it covers.
 */
export function countWork(run: () => void): number {
  let work = 0
  const restores: (() => void)[] = []
  function charge(
    target: object,
    name: string,
    cost: (self: unknown, args: unknown[], result: unknown) => number,
  ): void {
    const original = Reflect.get(target, name) as (...args: unknown[]) => unknown
    const replacement = function (this: unknown, ...args: unknown[]): unknown {
      const before = this instanceof RegExp ? this.lastIndex : 0
      const result = original.apply(this, args)
      work += cost(this, [...args, before], result)
      return result
    }
    Object.defineProperty(target, name, { value: replacement, configurable: true, writable: true })
    restores.push(() => Object.defineProperty(target, name, { value: original, configurable: true, writable: true }))
  }
  const whole = (self: unknown): number => String(self).length
  for (const name of ['endsWith', 'trim', 'trimEnd', 'trimStart', 'replace', 'split', 'toLowerCase', 'normalize'])
    charge(String.prototype, name, whole)
  for (const name of ['indexOf', 'includes']) {
    charge(String.prototype, name, (self, [mark, from], result) => {
      const start = typeof from === 'number' ? from : 0
      const end = typeof result === 'number' && result >= 0 ? result + String(mark).length : String(self).length
      return Math.max(1, end - start)
    })
  }
  charge(String.prototype, 'lastIndexOf', (self, [, from], result) =>
    Math.max(1, (typeof from === 'number' ? Math.min(from, whole(self)) : whole(self)) - Math.max(0, Number(result))),
  )
  charge(String.prototype, 'charCodeAt', () => 1)
  charge(RegExp.prototype, 'exec', (self, args, result) => {
    const { global, sticky, lastIndex } = self as RegExp
    const length = String(args[0]).length
    const before = Number(args.at(-1))
    if (sticky) return 1 + (result === null ? 0 : lastIndex - before)
    if (global) return 1 + (result === null ? length : lastIndex) - before
    return result === null ? length : (result as RegExpExecArray).index + String((result as RegExpExecArray)[0]).length
  })
  try {
    run()
  } finally {
    for (const restore of restores) restore()
  }
  return work
}
