import type { DStream } from 'dstream'
import { runBatches } from 'dstream/testing'
import fc from 'fast-check'
import { expect } from 'vitest'

/** A few batches of records, some empty, and in how many partitions they come. */
export function batchesOf<T>(record: fc.Arbitrary<T>): fc.Arbitrary<T[][]> {
  return fc.array(fc.array(record, { maxLength: 12 }), { minLength: 1, maxLength: 5 })
}

export const words = fc.constantFrom('a', 'b', 'c', 'dd', 'eee', '')

export const pairs: fc.Arbitrary<[string, number]> = fc.tuple(words, fc.integer({ min: -9, max: 9 }))

/**
 * The law of a stateless operator: each batch of its output is what the plain-array twin makes of the same batch, whatever
 * the other batches hold and in how many partitions the records come.
 */
export function batchwise<T, U>(
  record: fc.Arbitrary<T>,
  define: (stream: DStream<T>) => DStream<U>,
  twin: (batch: T[]) => U[],
): Promise<void> {
  return fc.assert(
    fc.asyncProperty(batchesOf(record), fc.integer({ min: 1, max: 3 }), async (batches, numPartitions) => {
      expect(await runBatches<T, U>(batches, define, { numPartitions })).toEqual(batches.map(twin))
    }),
    { numRuns: 40 },
  )
}

/** The same where the order inside a batch is not promised. */
export function batchwiseUnordered<T, U>(
  record: fc.Arbitrary<T>,
  define: (stream: DStream<T>) => DStream<U>,
  twin: (batch: T[]) => U[],
): Promise<void> {
  return batchwise<T, string[]>(
    record,
    (stream) => define(stream).transform(async (rdd) => rdd.context.parallelize([sorted(await rdd.collect())])),
    (batch) => [sorted(twin(batch))],
  )
}

function sorted(records: readonly unknown[]): string[] {
  return records.map((record) => JSON.stringify(record)).sort()
}
