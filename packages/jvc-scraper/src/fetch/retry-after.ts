/**
 * Returns the delay that a server asks for, in milliseconds: `Retry-After` as seconds or as a date (RFC 9110 §10.2.3).
 *
 * @param now epoch milliseconds
 * @param maxMs the upper limit, so that a server cannot stop the crawl for good
 * @returns undefined when the header is missing or cannot be parsed
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
