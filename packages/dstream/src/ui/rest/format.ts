/** Returns a time as Spark's REST answers have it: `2026-11-29T07:00:00.000GMT`. */
export function sparkTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', 'GMT')
}

/** Returns the mean of the values that are known; `undefined` without any. */
export function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length
}

/** Returns records per second. */
export function perSecond(records: number, batchMs: number): number {
  return (records * 1000) / batchMs
}
