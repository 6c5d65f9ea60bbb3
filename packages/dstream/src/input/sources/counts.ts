import { BatchMap } from '../../base/batch-map.js'
import { notIterable } from '../../base/errors/rdd.js'
import type { StreamInputInfo } from '../../observe/events.js'
import type { RDD } from '../../rdd/rdd.js'

/** The records that a user's function returns, or a promise of them. */
export type Later<T> = Iterable<T> | AsyncIterable<T> | Promise<Iterable<T> | AsyncIterable<T>>

/**
 * Counts the records of each batch of a source, part by part. A part is a block, a file or a range; its number may only
 * become known when it is read.
 */
export class Counts {
  readonly #batches = new BatchMap<Map<string, number | (() => number)>>()

  set(time: number, part: string, records: number | (() => number)): void {
    const parts = this.#batches.get(time)
    if (parts === undefined) this.#batches.set(time, new Map([[part, records]]))
    else parts.set(part, records)
  }

  /** Returns the number of records of a part that has been counted; 0 for any other. */
  of(time: number, part: string): number {
    const records = this.#batches.get(time)?.get(part) ?? 0
    return typeof records === 'number' ? records : records()
  }

  info(inputStreamId: number, time: number, metadata: Readonly<Record<string, unknown>> = {}): StreamInputInfo {
    let numRecords = 0
    for (const records of this.#batches.get(time)?.values() ?? []) {
      numRecords += typeof records === 'number' ? records : records()
    }
    return { inputStreamId, numRecords, metadata }
  }

  /** Deletes the counts of all batches at or before `time`. */
  forget(time: number): void {
    this.#batches.forget(time)
  }

  /** Returns an RDD with the same records that is counted for a part: at once if its records are in memory, else when they are read. */
  countedRDD<T>(time: number, part: string, rdd: RDD<T>): RDD<T> {
    const ready = recordsInMemory(rdd)
    if (ready !== undefined) {
      this.set(time, part, ready)
      return rdd
    }
    const watched = rdd.tap(() => {}).cacheAlways()
    this.set(time, part, () => watched.node.given)
    return watched
  }

  /** Returns the same records; they are counted for a part of a batch once all of them have been read. */
  counted<T>(time: number, part: string, records: Iterable<T>): Iterable<T> {
    if (!Array.isArray(records)) return { [Symbol.iterator]: () => this.#counting(time, part, records) }
    this.set(time, part, records.length)
    return records
  }

  /** Returns the same records, which may come later; @throws `not-iterable` for what cannot be iterated */
  async *countedAsync<T>(time: number, part: string, where: string, records: Later<T>): AsyncIterable<T> {
    let n = 0
    const given = await records
    if (!isIterable(given)) throw notIterable(where, given)
    for await (const record of given) {
      n++
      yield record
    }
    this.set(time, part, n)
  }

  /** Passes each iterator result on unchanged: a generator in between would cost as much as decoding a short line. */
  #counting<T>(time: number, part: string, records: Iterable<T>): Iterator<T> {
    const from = records[Symbol.iterator]()
    let n = 0
    return {
      next: () => {
        const result = from.next()
        if (result.done === true) this.set(time, part, n)
        else n++
        return result
      },
      return: (value?: unknown) => from.return?.(value) ?? { done: true, value },
    }
  }
}

/** Returns whether a value can be iterated, at once or asynchronously. A string is no list of records. */
export function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
}

function recordsInMemory(rdd: RDD<unknown>): number | undefined {
  const { plan } = rdd.node
  if (plan.type !== 'source') return undefined
  let records = 0
  for (const part of plan.parts) {
    if (!('records' in part)) return undefined
    records += part.records.length
  }
  return records
}
