/**
 * How long a server asks to be left alone, in milliseconds: `Retry-After` as seconds or as a date (RFC 9110 §10.2.3).
 *
 * @param now epoch milliseconds
 * @param maxMs what is asked beyond this is cut: a server cannot stop us for good
 * @returns undefined when there is no such header or it cannot be read
 */
export function retryAfterMs(
  header: string | readonly string[] | undefined,
  now: number,
  maxMs: number,
): number | undefined {
  const text = (typeof header === 'string' ? header : header?.[0])?.trim()
  if (text === undefined || text === '') return undefined
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), maxMs)
}
