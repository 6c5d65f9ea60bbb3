import { chain, type MaybePromise } from '../../base/maybe-promise.js'
import { historyOf } from '../plan/counters.js'
import type { Evaluation } from '../plan/evaluation.js'
import type { LineageNode } from '../plan/lineage.js'
import type { LeftTables } from '../plan/stage-runner.js'
import { allPartitions } from './evaluate.js'
import { measured } from './measure.js'

/** The records of partitions whose tables have stayed where they were made. They come here when they are first asked for. */
export class LeftRecords<T> {
  readonly #bring: () => Promise<readonly (readonly T[])[]>
  #here: Promise<readonly (readonly T[])[]> | undefined

  constructor(
    readonly tables: LeftTables,
    bring: () => Promise<readonly (readonly T[])[]>,
  ) {
    this.#bring = bring
  }

  here(): Promise<readonly (readonly T[])[]> {
    return (this.#here ??= this.#bring())
  }
}

/** The records of partitions, here or where they were made. */
export type PlacedRecords<T> = readonly (readonly T[])[] | LeftRecords<T>

/** Returns the records, which come here where they are not. */
export function recordsHere<T>(records: PlacedRecords<T>): MaybePromise<readonly (readonly T[])[]> {
  return records instanceof LeftRecords ? records.here() : records
}

/** Lets go of records that are not here. */
export function release(records: PlacedRecords<unknown>): void {
  if (records instanceof LeftRecords) records.tables.release()
}

/** Evaluates a node, which then has its partitions, unless their tables stay where they were made. They must be released. */
export function evaluateOrLeave(node: LineageNode, evaluation: Evaluation): MaybePromise<PlacedRecords<unknown>> {
  const { plan } = node
  if (plan.type !== 'wide' || plan.leave === undefined || node.computed !== undefined) {
    return allPartitions(node, evaluation)
  }
  const { leave } = plan
  const made = measured(node, evaluation, () => evaluation.nested(() => leave(evaluation)))
  return chain(made, (parts) => {
    if (!('tables' in parts)) {
      node.truncateLineage(parts, historyOf(node))
      return allPartitions(node, evaluation)
    }
    return new LeftRecords(parts.tables, async () => {
      node.truncateLineage(await measured(node, evaluation, () => parts.here()), historyOf(node))
      return allPartitions(node, evaluation)
    })
  })
}
