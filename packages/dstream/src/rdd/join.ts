import type { Place } from '../errors/record-error.js'
import { detachKey } from '../keys/detach.js'
import { keyOf, type MapKey } from '../keys/key.js'
import type { Partitioner } from '../keys/partitioner.js'
import { pairOf } from './blame.js'
import { andThen, inOrder } from './maybe.js'
import type { PlanNode } from './plan.js'
import { combineSink, keyed } from './shuffle.js'
import type { Sink } from './sink.js'
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

/** The values of one key on one side: mostly a single one, for which no array is made. */
class Side {
  size = 0
  #only: unknown
  #all: unknown[] | undefined

  add(value: unknown): void {
    if (++this.size === 1) this.#only = value
    else if (this.size === 2) this.#all = [this.#only, value]
    else this.#all!.push(value)
  }
  get(i: number): unknown {
    return this.#all === undefined ? this.#only : this.#all[i]
  }
}

interface Match {
  readonly left: Side
  readonly right: Side
}

/** Every pair of values of a key; with `keep` the keys of that side stay that the other side has not: there it is `undefined`. */
export function join(
  left: PlanNode,
  right: PlanNode,
  kind: string,
  partitioner: Partitioner,
  keep: { readonly left: boolean; readonly right: boolean },
): PlanNode {
  const matches = keyed(kind, [left, right], partitioner, (feeders, place) => {
    const table = new Map<MapKey, unknown>()
    const sides = [sideSink(table, 'left', true, place), sideSink(table, 'right', keep.right, place)]
    const done = inOrder(2, (s) => inOrder(feeders[s]!.length, (i) => feeders[s]![i]!(sides[s]!)))
    return andThen(done, () => table)
  })
  return narrow(matches, kind, 'flatMapValues', ({ left: as, right: bs }: Match) => {
    if (as.size === 1 && bs.size === 1) return [[as.get(0), bs.get(0)]]
    // An empty side that is passed over counts as one value, and gives `undefined`.
    const lefts = as.size === 0 && keep.right ? 1 : as.size
    const rights = bs.size === 0 && keep.left ? 1 : bs.size
    const pairs: (readonly unknown[])[] = []
    for (let a = 0; a < lefts; a++) for (let b = 0; b < rights; b++) pairs.push([as.get(a), bs.get(b)])
    return pairs
  })
}

/** Adds one side to the table; keys that are not there yet are added when `open`. */
function sideSink(table: Map<MapKey, unknown>, side: keyof Match, open: boolean, place: Place): Sink {
  const f = (record: unknown): void => {
    const [key, value] = pairOf(place, record)
    const known = typeof key === 'string' || typeof key === 'number' ? key : keyOf(key)
    let match = table.get(known) as Match | undefined
    if (match === undefined) {
      if (!open) return
      match = { left: new Side(), right: new Side() }
      table.set(detachKey(known), match)
    }
    match[side].add(value)
  }
  return { kind: 'foreach', f, place }
}
