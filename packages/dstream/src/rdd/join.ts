import type { Partitioner } from '../keys/partitioner.js'
import { inOrder, andThen } from './maybe.js'
import type { MapKey } from '../keys/key.js'
import { combineSink, keyed } from './shuffle.js'
import { narrow } from './steps.js'
import type { PlanNode } from './plan.js'

type Groups = readonly [left: unknown[], right: unknown[]]
type Wrapped = { readonly group: unknown[] }

/** For every key of either side its values on both, in order of arrival; keys of the left side first. */
export function cogroup(left: PlanNode, right: PlanNode, kind: string, partitioner: Partitioner): PlanNode {
  return keyed(kind, [left, right], partitioner, (feeders, place) => {
    const table = new Map<MapKey, unknown>()
    const sides = [0, 1].map((side) => ({
      ...combineSink(
        place,
        (value: unknown) => ({ group: [value] }),
        (wrapped: Wrapped, value: unknown) => (wrapped.group.push(value), wrapped),
      ),
      side,
    }))
    const done = inOrder(2, (s) => inOrder(feeders[s]!.length, (i) => feeders[s]![i]!(sides[s]!)))
    return andThen(done, () => {
      const [a, b] = sides.map(({ map }) => map as Map<MapKey, Wrapped>)
      for (const [key, { group }] of a!) table.set(key, [group, b!.get(key)?.group ?? []])
      for (const [key, { group }] of b!) if (!a!.has(key)) table.set(key, [[], group])
      return table
    })
  })
}

/** Every pair of values of a key; a side that may be missing is `undefined` where it is. */
export function join(
  left: PlanNode,
  right: PlanNode,
  kind: string,
  partitioner: Partitioner,
  keep: { readonly left: boolean; readonly right: boolean },
): PlanNode {
  const nothing: readonly unknown[] = [undefined]
  return narrow(cogroup(left, right, kind, partitioner), kind, 'flatMapValues', ([as, bs]: Groups) => {
    const lefts = as.length > 0 ? as : keep.right ? nothing : []
    const rights = bs.length > 0 ? bs : keep.left ? nothing : []
    const pairs: [unknown, unknown][] = []
    for (const a of lefts) for (const b of rights) pairs.push([a, b])
    return pairs
  })
}
