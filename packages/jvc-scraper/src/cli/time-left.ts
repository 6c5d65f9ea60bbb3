/** Returns an estimate as a detail of a log line: `about 40 s`, `about 3 min`; undefined where there is none. */
export function timeLeft(ms: number | undefined): string | undefined {
  if (ms === undefined) return undefined
  const seconds = Math.max(1, Math.round(ms / 1000))
  return seconds < 100 ? `about ${seconds} s` : `about ${Math.round(seconds / 60)} min`
}
