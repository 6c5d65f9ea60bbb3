import type { Partitioner } from '../keys/partitioner.js'
import { andThen, inOrder } from './maybe.js'
import type { PlanNode } from './plan.js'
import { combineSink, keyed } from './shuffle.js'
import { narrow } from './steps.js'

export type Groups = readonly [left: unknown[], right: unknown[]]

/** For every key of either side its values on both, in order of arrival; keys of the left side first. */
export function cogroup(left: PlanNode, right: PlanNode, kind: string, partitioner: Partitioner): PlanNode {
  return keyed(kind, [left, right], partitioner, (feeders, place) => {
    const lefts = combineSink(
      place,
      (value: unknown): Groups => [[value], []],
      (groups: Groups, value: unknown) => {
        groups[0].push(value)
        return groups
      },
    )
    // Both sides fill one table.
    const rights = {
      ...lefts,
      create: (value: unknown): Groups => [[], [value]],
      merge: (groups: Groups, value: unknown) => {
        groups[1].push(value)
        return groups
      },
    }
    const done = inOrder(2, (s) => inOrder(feeders[s]!.length, (i) => feeders[s]![i]!(s === 0 ? lefts : rights)))
    return andThen(done, () => lefts.map)
  })
}

const nothing: readonly unknown[] = [undefined]

/** Every pair of values of a key; with `keep` the keys of that side stay that the other side has not: there it is `undefined`. */
export function join(
  left: PlanNode,
  right: PlanNode,
  kind: string,
  partitioner: Partitioner,
  keep: { readonly left: boolean; readonly right: boolean },
): PlanNode {
  return narrow(cogroup(left, right, kind, partitioner), kind, 'flatMapValues', ([as, bs]: Groups) => {
    if (as.length === 1 && bs.length === 1) return [[as[0], bs[0]]]
    const lefts = as.length > 0 || !keep.right ? as : nothing
    const rights = bs.length > 0 || !keep.left ? bs : nothing
    const pairs: (readonly unknown[])[] = []
    for (const a of lefts) for (const b of rights) pairs.push([a, b])
    return pairs
  })
}
