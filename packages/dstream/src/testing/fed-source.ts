import { BatchMap } from '../base/batch-map.js'
import { RecordError, type InputSource, type SourceHome } from 'dstream'
import { RefusedRecords } from '../input/receive/refused-records.js'

/** The handle by which a test pushes records. */
export interface Feed<T> {
  push(...records: T[]): void
  end(): void
  fail(error: unknown): void
}

/**
 * Returns a source that the test feeds. The records that are pushed before a batch begins belong to it. They are logged
 * with the batch, so that a batch that is run again gets the same records.
 */
export function fedSource<T>(): { feed: Feed<T>; make: (home: SourceHome) => InputSource<T> } {
  let waiting: T[] = []
  let ended = false
  let failure: { readonly error: unknown } | undefined
  const batches = new BatchMap<readonly T[]>()
  const failures = new BatchMap<{ readonly error: unknown }>()

  const feed: Feed<T> = {
    push: (...records) => {
      if (ended) throw new Error('This source has been ended: push before end().')
      for (const record of records) waiting.push(record)
    },
    end: () => {
      ended = true
    },
    fail: (error) => {
      failure = { error }
    },
  }
  const make = (home: SourceHome): InputSource<T> => {
    const refused = new RefusedRecords(home.sc.runtime.onRecordError)
    return {
      streamId: home.streamId,
      name: `Fed stream [${home.streamId}]`,
      operator: {
        kind: 'source',
        params: {},
        parents: [],
        slideMs: home.slideMs,
        lookbackMs: 0,
        source: true,
        compute: (time) => {
          refused.check()
          const failed = failures.get(time)
          if (failed !== undefined) throw failed.error
          return home.sc.parallelize(batches.get(time) ?? [])
        },
      },
      start: () => undefined,
      stop: () => Promise.resolve(),
      plan: (time) => {
        if (failure !== undefined) failures.set(time, failure)
        failure = undefined
        const taken = waiting.filter((record) => isAccepted(record, home, refused))
        waiting = []
        batches.set(time, taken)
        return taken
      },
      adopt: (time, planned) => batches.set(time, planned as readonly T[]),
      forget: (time) => {
        batches.forget(time)
        failures.forget(time)
      },
      info: (time) => ({ inputStreamId: home.streamId, numRecords: batches.get(time)?.length ?? 0, metadata: {} }),
    }
  }
  return { feed, make }
}

/** Returns false for a record that can never be stored. Such a record is left out, or fails the next batch. */
function isAccepted(record: unknown, home: SourceHome, refused: RefusedRecords): boolean {
  try {
    home.blocks.mustBeStorable?.(record)
    return true
  } catch (cause) {
    const failed = refused.decide(new RecordError({ operator: 'source', time: undefined }, record, cause))
    if (failed !== undefined) refused.failBatch(failed)
    return false
  }
}
