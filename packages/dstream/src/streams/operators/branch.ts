import { settled } from '../../base/promises.js'
import type { Operator } from '../graph/operator.js'
import { filter } from './filter.js'

/**
 * Splits a stream into one per predicate: a record goes to the first whose predicate holds, and nowhere when none does.
 *
 * Law: the branches are disjoint; with a last predicate that always holds, together they are the stream.
 */
export function branch<T>(
  parent: Operator<T>,
  predicates: readonly ((record: T) => boolean)[],
): readonly Operator<T>[] {
  return predicates.map((_, i) =>
    filter(parent, (record) => predicates.findIndex((holds) => settled('branch', holds(record))) === i),
  )
}
