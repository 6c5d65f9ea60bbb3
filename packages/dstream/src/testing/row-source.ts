import type { InputSource, RDD, SourceHome } from 'dstream'

/** The times by which the rows of a table are found. Row 0 belongs to the first batch of the first run. */
export interface RowTimes {
  readonly firstMs: number
  readonly batchMs: number
}

/** Returns a source whose row i is the input of batch i, followed by empty batches; `null` is a batch without an RDD. */
export function rowSource<T>(
  rows: readonly (readonly T[] | null)[],
  times: RowTimes,
  numPartitions: number | undefined,
) {
  return (home: SourceHome): InputSource<T> => {
    const rowOf = (time: number): readonly T[] | null => {
      const row = rows[(time - times.firstMs) / times.batchMs]
      return row === undefined ? [] : row
    }
    return {
      streamId: home.streamId,
      name: `Row stream [${home.streamId}]`,
      operator: {
        kind: 'input',
        params: { numPartitions },
        parents: [],
        slideMs: home.slideMs,
        lookbackMs: 0,
        source: true,
        compute: (time): RDD<T> | undefined => {
          const row = rowOf(time)
          return row === null ? undefined : home.sc.parallelize(row, { numPartitions })
        },
      },
      start: () => undefined,
      stop: () => Promise.resolve(),
      info: (time) => ({ inputStreamId: home.streamId, numRecords: rowOf(time)?.length ?? 0, metadata: {} }),
    }
  }
}
