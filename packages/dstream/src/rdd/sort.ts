import { RecordError, type Place } from '../errors/record-error.js'
import { compareNatural } from '../keys/natural-order.js'
import { aFunction } from '../options.js'
import { feedAll, pass } from './evaluate.js'
import type { Evaluation } from './evaluation.js'
import { BoundedHeap } from './heap.js'
import { andThen, inOrder, type Maybe } from './maybe.js'
import { PlanNode, type AnyFunction } from './plan.js'

/** A record beside what it is sorted by. */
interface Ranked {
  readonly rank: unknown
  readonly record: unknown
}
type Compare = (a: Ranked, b: Ranked) => number

/** Natural order of ranks; a rank that has none is the fault of the record. */
function comparison(place: Place, ascending: boolean): Compare {
  const natural: Compare = (a, b) => {
    try {
      return compareNatural(a.rank, b.rank)
    } catch (error) {
      throw new RecordError(place, b.record, error)
    }
  }
  return ascending ? natural : (a, b) => natural(b, a)
}

/**
 * In the natural order of `by`, stable; partition after partition the whole is sorted. `take(n)` of it looks for the n
 * first without sorting the rest, unless the node is shared: then it is evaluated once, as a whole.
 */
export function sortBy(
  parent: PlanNode,
  kind: string,
  by: AnyFunction,
  options: { readonly ascending: boolean; readonly numPartitions: number },
): PlanNode {
  aFunction(kind, 'by', by)
  const { ascending, numPartitions } = options
  const node: PlanNode = new PlanNode({
    kind,
    parents: [parent],
    numPartitions,
    plan: {
      type: 'wide',
      run: (evaluation) => {
        const compare = comparison(node, ascending)
        return andThen(ranked(parent, node, by, evaluation), (records) =>
          andThen(sorted(records, compare, evaluation), (all) => ranges(all, numPartitions, compare, evaluation)),
        )
      },
      first: (n, evaluation) => ordered(parent, node, n, by, ascending, evaluation),
    },
  })
  return node
}

/** The n first by rank, in order; of equals those that came first. */
export function ordered(
  parent: PlanNode,
  place: Place,
  n: number,
  by: AnyFunction,
  ascending: boolean,
  evaluation: Evaluation,
): Maybe<unknown[]> {
  if (n === 0) return []
  const heap = new BoundedHeap<Ranked>(n, comparison(place, ascending))
  const f = (record: unknown): void => heap.offer({ rank: by(record), record })
  return andThen(feedAll(parent, { kind: 'foreach', f, place }, evaluation), () =>
    heap.inOrder().map(({ record }) => record),
  )
}

function ranked(parent: PlanNode, place: Place, by: AnyFunction, evaluation: Evaluation): Maybe<Ranked[]> {
  const out: Ranked[] = []
  const f = (record: unknown): void => void out.push({ rank: by(record), record })
  return andThen(feedAll(parent, { kind: 'foreach', f, place }, evaluation), () => out)
}

/** What is sorted without a pause: some milliseconds. */
const chunkSize = 1 << 13

/** A stable merge sort from the bottom up: chunks sorted by the engine, then neighbours merged, with pauses between. */
function sorted(records: Ranked[], compare: Compare, evaluation: Evaluation): Maybe<readonly Ranked[]> {
  if (records.length <= chunkSize) return records.sort(compare)
  const runs: (readonly Ranked[])[] = []
  const chunks = Math.ceil(records.length / chunkSize)
  const done = inOrder(chunks, (i) => {
    runs.push(records.slice(i * chunkSize, (i + 1) * chunkSize).sort(compare))
    return evaluation.breathe(chunkSize)
  })
  return andThen(done, () => mergeAll(runs, compare, evaluation))
}

function mergeAll(
  runs: readonly (readonly Ranked[])[],
  compare: Compare,
  evaluation: Evaluation,
): Maybe<readonly Ranked[]> {
  if (runs.length === 1) return runs[0]!
  const merged: (readonly Ranked[])[] = []
  const done = inOrder(Math.ceil(runs.length / 2), (i) => {
    const [a, b] = [runs[2 * i]!, runs[2 * i + 1]]
    if (b === undefined) return void merged.push(a)
    return andThen(merge(a, b, compare, evaluation), (both) => void merged.push(both))
  })
  return andThen(done, () => mergeAll(merged, compare, evaluation))
}

function merge(
  a: readonly Ranked[],
  b: readonly Ranked[],
  compare: Compare,
  evaluation: Evaluation,
): Maybe<readonly Ranked[]> {
  const out: Ranked[] = []
  const length = a.length + b.length
  let i = 0
  let j = 0
  const done = inOrder(Math.ceil(length / chunkSize), () => {
    const until = Math.min(length, out.length + chunkSize)
    while (out.length < until) {
      const takeA = j >= b.length || (i < a.length && compare(a[i]!, b[j]!) <= 0)
      out.push(takeA ? a[i++]! : b[j++]!)
    }
    return evaluation.breathe(chunkSize)
  })
  return andThen(done, () => out)
}

/** About equal parts of what is sorted; records of one rank stay together, as a range partitioner keeps them. */
function ranges(
  sorted: readonly Ranked[],
  n: number,
  compare: Compare,
  evaluation: Evaluation,
): Maybe<readonly (readonly unknown[])[]> {
  const parts = Array.from({ length: n }, (): unknown[] => [])
  let i = 0
  let p = 0
  let before: Ranked | undefined
  const f = (item: Ranked): void => {
    if (n > 1 && (before === undefined || compare(before, item) !== 0)) {
      p = Math.max(p, Math.floor((i * n) / sorted.length))
    }
    before = item
    i++
    parts[p]!.push(item.record)
  }
  const sink = { kind: 'foreach' as const, f, place: { operator: 'sort', time: undefined } }
  return andThen(pass(sorted, [], sink, evaluation), () => parts)
}
