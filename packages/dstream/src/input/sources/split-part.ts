import { ignoreRejection } from '../../base/promises.js'
import { notIterable } from '../../base/errors/rdd.js'
import type { PartitionSource } from '../../rdd/plan/lineage.js'
import { isIterable, type Counts, type Later } from './counts.js'

/** The reading of a split for a batch. */
interface SplitRead {
  readonly counts: Counts
  readonly time: number
  readonly name: string
  readonly read: () => Later<unknown>
}

/** Calls `read` at once, because only its result shows whether it is asynchronous. The first reading uses that result. */
export function partReadHere({ counts, time, name, read }: SplitRead): PartitionSource<unknown> {
  let given: Later<unknown> | undefined = read()
  const next = (): Later<unknown> => {
    const records = given ?? read()
    given = undefined
    return records
  }
  const isPromise = typeof (given as { then?: unknown } | null | undefined)?.then === 'function'
  // A batch that fails or ends before this part is read must not leave an unhandled rejection, which would end the process.
  if (isPromise) ignoreRejection(given)
  if (!isPromise && !isIterable(given)) throw notIterable('fromSource', given)
  return isPromise || Symbol.asyncIterator in given
    ? { load: () => counts.countedAsync(time, name, 'fromSource', next()) }
    : { iterate: () => counts.counted(time, name, next() as Iterable<unknown>) }
}

/** Calls `read` when the part is read here: another thread may do that instead. */
export function partReadAnywhere(
  { counts, time, name, read }: SplitRead,
  split: { readonly source: number; readonly split: unknown; readonly signal: AbortSignal },
): PartitionSource<unknown> {
  return {
    load: () => counts.countedAsync(time, name, 'fromSource', read()),
    split: { ...split, counted: (records) => counts.set(time, name, records) },
  }
}
