import type { AnyFunction } from '../../../rdd/plan/lineage.js'
import { accumulatorNames } from './accumulator-names.js'
import { writesOutside } from './outside-writes.js'
import type { Parse } from './syntax.js'

/**
 * Returns whether any thread may call a function: not one whose text shows that it changes a variable outside of it, other than an
 * accumulator. A text is read once.
 *
 * @param definition the function that has built the graph, where it is known
 */
export function movable(definition: AnyFunction | undefined, parse: Parse): (f: AnyFunction) => boolean {
  const namesFor = accumulatorNames(definition, parse)
  const known = new Map<string, boolean>()
  return (f) => {
    const text = Function.prototype.toString.call(f)
    const mayMove = known.get(text) ?? !writesOutside(f, parse, namesFor(f))
    known.set(text, mayMove)
    return mayMove
  }
}
