import type { Place } from '../errors/record-error.js'
import { compareNatural } from '../keys/natural-order.js'
import { aFunction } from '../options.js'
import { feedAll } from './evaluate.js'
import type { Evaluation } from './evaluation.js'
import { andThen, gather, type Maybe } from './maybe.js'
import { PlanNode, type AnyFunction } from './plan.js'

interface Ranked {
  readonly rank: unknown
  readonly record: unknown
  readonly place: number
}
type Compare = (a: Ranked, b: Ranked) => number

/** By rank, and of equals the one that came first. */
function comparison(ascending: boolean): Compare {
  return (a, b) => {
    const order = compareNatural(a.rank, b.rank)
    return order === 0 ? a.place - b.place : ascending ? order : -order
  }
}

/**
 * In the natural order of `by`, stable; partition after partition the whole is sorted. `take(n)` of it looks for the n
 * first without sorting the rest.
 */
export function sortBy(
  parent: PlanNode,
  kind: string,
  by: AnyFunction,
  options: { readonly ascending: boolean; readonly numPartitions: number },
): PlanNode {
  aFunction(kind, 'by', by)
  const { numPartitions } = options
  const compare = comparison(options.ascending)
  const node: PlanNode = new PlanNode({
    kind,
    parents: [parent],
    numPartitions,
    plan: {
      type: 'wide',
      run: (evaluation) =>
        andThen(ranked(parent, node, by, evaluation), (records) =>
          andThen(sortInChunks(records, compare, evaluation), (sorted) => ranges(sorted, numPartitions)),
        ),
      first: (n, evaluation) => least(parent, node, n, by, compare, evaluation),
    },
  })
  return node
}

/** The n first by rank, in order. */
export function ordered(
  parent: PlanNode,
  place: Place,
  n: number,
  by: AnyFunction,
  ascending: boolean,
  evaluation: Evaluation,
): Maybe<unknown[]> {
  return least(parent, place, n, by, comparison(ascending), evaluation)
}

function ranked(parent: PlanNode, place: Place, by: AnyFunction, evaluation: Evaluation): Maybe<Ranked[]> {
  const out: Ranked[] = []
  const f = (record: unknown): void => void out.push({ rank: by(record), record, place: out.length })
  return andThen(feedAll(parent, { kind: 'foreach', f, place }, evaluation), () => out)
}

const chunkSize = 1 << 14

/** Sorts chunk after chunk, then merges neighbours, pausing between them. */
function sortInChunks(records: Ranked[], compare: Compare, evaluation: Evaluation): Maybe<Ranked[]> {
  if (records.length <= chunkSize) return records.sort(compare)
  const count = Math.ceil(records.length / chunkSize)
  const chunks = gather(count, (i) =>
    andThen(evaluation.breathe(chunkSize), () => records.slice(i * chunkSize, (i + 1) * chunkSize).sort(compare)),
  )
  return andThen(chunks, (sorted) => mergeAll(sorted, compare, evaluation))
}

async function mergeAll(chunks: Ranked[][], compare: Compare, evaluation: Evaluation): Promise<Ranked[]> {
  let runs = chunks
  while (runs.length > 1) {
    const merged: Ranked[][] = []
    for (let i = 0; i < runs.length; i += 2) {
      const next = runs[i + 1]
      merged.push(next === undefined ? runs[i]! : await merge(runs[i]!, next, compare, evaluation))
    }
    runs = merged
  }
  return runs[0]!
}

async function merge(a: Ranked[], b: Ranked[], compare: Compare, evaluation: Evaluation): Promise<Ranked[]> {
  const out: Ranked[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const takeA = j >= b.length || (i < a.length && compare(a[i]!, b[j]!) <= 0)
    out.push(takeA ? a[i++]! : b[j++]!)
    if (out.length % chunkSize === 0) await evaluation.breathe(chunkSize)
  }
  return out
}

/** About equal parts of what is sorted; records of one rank stay together, as a range partitioner keeps them. */
function ranges(sorted: readonly Ranked[], n: number): unknown[][] {
  const parts = Array.from({ length: n }, (): unknown[] => [])
  let p = 0
  for (const [i, { record, rank }] of sorted.entries()) {
    const before = sorted[i - 1]
    const isNew = before === undefined || compareNatural(before.rank, rank) !== 0
    if (isNew) p = Math.max(p, Math.min(n - 1, Math.floor((i * n) / sorted.length)))
    parts[p]!.push(record)
  }
  return parts
}

/** A bounded heap with the worst on top: n log n of what is kept, and one comparison for most of the rest. */
function least(
  parent: PlanNode,
  place: Place,
  n: number,
  by: AnyFunction,
  compare: Compare,
  evaluation: Evaluation,
): Maybe<unknown[]> {
  if (n === 0) return []
  const heap: Ranked[] = []
  let count = 0
  const f = (record: unknown): void => {
    const candidate = { rank: by(record), record, place: count++ }
    if (heap.length < n) push(heap, candidate, compare)
    else if (compare(candidate, heap[0]!) < 0) replaceTop(heap, candidate, compare)
  }
  return andThen(feedAll(parent, { kind: 'foreach', f, place }, evaluation), () =>
    heap.sort(compare).map(({ record }) => record),
  )
}

function push(heap: Ranked[], item: Ranked, compare: Compare): void {
  heap.push(item)
  for (let i = heap.length - 1; i > 0;) {
    const up = (i - 1) >> 1
    if (compare(heap[up]!, heap[i]!) >= 0) return
    ;[heap[up], heap[i]] = [heap[i]!, heap[up]!]
    i = up
  }
}

function replaceTop(heap: Ranked[], item: Ranked, compare: Compare): void {
  heap[0] = item
  for (let i = 0; ;) {
    const left = 2 * i + 1
    const right = left + 1
    let worst = i
    if (left < heap.length && compare(heap[left]!, heap[worst]!) > 0) worst = left
    if (right < heap.length && compare(heap[right]!, heap[worst]!) > 0) worst = right
    if (worst === i) return
    ;[heap[i], heap[worst]] = [heap[worst]!, heap[i]!]
    i = worst
  }
}
