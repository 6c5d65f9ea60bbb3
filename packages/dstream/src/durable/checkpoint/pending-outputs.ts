/** The batches that wait for an output, at the times `from`, `from + every`, … up to `until`, in milliseconds. */
export interface PendingOutput {
  readonly output: string
  readonly from: number
  readonly until: number
  /** The distance of two batches; 0 for a single batch. */
  readonly every: number
}

/** Returns ascending batch times as ranges, since an output that is away for long leaves many at one distance. */
export function pendingRanges(output: string, times: readonly number[]): PendingOutput[] {
  const ranges: PendingOutput[] = []
  for (const time of times) {
    const last = ranges.at(-1)
    const every = last === undefined ? 0 : time - last.until
    if (last !== undefined && (last.every === 0 || last.every === every))
      ranges[ranges.length - 1] = { ...last, until: time, every }
    else ranges.push({ output, from: time, until: time, every: 0 })
  }
  return ranges
}

/** Returns the times of the batches that wait for an output, ascending. */
export function pendingTimesOf(output: string, pending: readonly PendingOutput[]): number[] {
  return pending.filter((range) => range.output === output).flatMap(pendingTimes)
}

/** Returns the batch times of a range, ascending. */
export function pendingTimes({ from, until, every }: PendingOutput): number[] {
  const times = [from]
  for (let time = from + every; every > 0 && time <= until; time += every) times.push(time)
  return times
}
