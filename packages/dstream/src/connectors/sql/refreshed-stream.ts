import type { DStream, StreamingContext } from 'dstream'

export interface RefreshedTable<T> {
  /** The table, as messages name it. */
  readonly name: string
  /** How old the table may be at the time of a batch, in milliseconds; `undefined` reads it once. */
  readonly everyMs: number | undefined
  read(): Promise<readonly T[]>
}

/**
 * Returns a stream that has the whole table in every batch, for a join. The first batch reads it; a batch at whose time it
 * is too old waits for it to be read again. When that fails, the batch has the former rows, and the next one tries again.
 */
export function refreshedStream<T>(ssc: StreamingContext, { name, everyMs, read }: RefreshedTable<T>): DStream<T> {
  let held: { readonly rows: readonly T[]; readonly readAt: number } | undefined
  const rowsAt = async (time: number): Promise<readonly T[]> => {
    if (held !== undefined && (everyMs === undefined || time - held.readAt < everyMs)) return held.rows
    try {
      held = { rows: await read(), readAt: time }
    } catch (error) {
      if (held === undefined) throw error
      const age = time - held.readAt
      ssc.logger.warn(
        { err: error },
        `${name} could not be read again; its rows are ${age} ms old. The next batch tries again.`,
      )
    }
    return held.rows
  }
  return ssc
    .constantStream(ssc.sc.emptyRDD<T>())
    .transform(async (_, time) => ssc.sc.parallelize(await rowsAt(time.milliseconds)))
}
