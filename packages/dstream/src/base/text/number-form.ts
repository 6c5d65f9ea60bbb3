const PLAIN_FROM = 1e-3
const PLAIN_BELOW = 1e7
const LONGS_BELOW = 2 ** 63

/**
 * Returns a number as Java writes it: a whole number as a `long`, another one as a `double`. Whole numbers that no `long`
 * holds, and −0, are doubles too.
 *
 * @example
 * numberForm(12345678) // '12345678'
 * numberForm(12345678.5) // '1.23456785E7'
 */
export function numberForm(n: number): string {
  if (Object.is(n, -0)) return '-0.0'
  const size = Math.abs(n)
  if (Number.isInteger(n) && size < LONGS_BELOW) return String(n)
  if (!Number.isFinite(n) || (size >= PLAIN_FROM && size < PLAIN_BELOW)) return String(n)
  const shortest = n.toExponential()
  // Java writes two digits at least, and the nearest two where one would do.
  const [digits, exponent] = (shortest.includes('.') ? shortest : n.toExponential(1)).split('e')
  return `${digits}E${Number(exponent)}`
}
