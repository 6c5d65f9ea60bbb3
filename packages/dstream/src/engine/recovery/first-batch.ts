import { outputAhead } from '../../base/errors/checkpoint.js'
import type { BatchTimes } from '../../base/time/batch-times.js'

/** An output that tells which batches its place holds. Times are milliseconds. */
export interface HeldBatches {
  readonly id: string
  /** Time of the last batch; `undefined` when it holds none. */
  readonly lastCommitted: number | undefined
}

export interface FirstBatchOptions {
  readonly outputs: readonly HeldBatches[]
  /** The last batch that the checkpoint knows, begun ones included; `undefined` without a checkpoint, or in a new one. */
  readonly known: number | undefined
  /** The time of the first batch, as it is without a look at the outputs. */
  readonly first: number
  readonly times: BatchTimes
  readonly onOutputAhead: 'refuse' | 'continue'
}

/** The first batch of a program, and why it is a later one than the clock and the checkpoint say. */
export interface FirstBatch {
  readonly first: number
  readonly reason: string | undefined
}

/**
 * Compares the batches that the outputs hold with those that the checkpoint knows. A batch with the time of one that an
 * output holds would be taken for that one, and its records would be lost. So the first new batch comes behind all of them.
 *
 * @throws `output-ahead` when there is a checkpoint, which then is older than the output
 */
export function firstBatchBehind({ outputs, known, first, times, onOutputAhead }: FirstBatchOptions): FirstBatch {
  const held = outputs.flatMap(({ id, lastCommitted: last }) => (last === undefined ? [] : [{ id, last }]))
  const [furthest] = held.sort((a, b) => b.last - a.last)
  if (furthest === undefined || furthest.last <= (known ?? first - 1)) return { first, reason: undefined }
  const { id, last } = furthest
  const firstNew = times.next(last)
  if (known !== undefined && onOutputAhead === 'refuse') throw outputAhead(id, last, known, firstNew)
  const reason =
    `${id} holds the batch of ${last} ms, ` +
    (known === undefined ? 'of an earlier run. ' : `and the checkpoint ends at that of ${known} ms. `) +
    `The first new batch is that of ${firstNew} ms.`
  return { first: firstNew, reason }
}
