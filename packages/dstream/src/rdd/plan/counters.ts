import type { LineageNode, StepCounter } from './lineage.js'

/** The most counters kept of a lineage that has been truncated. */
const LONGEST_HISTORY = 64

/** Returns the counters of a lineage in the order in which a record passes its steps. */
export function countersOf(nodes: readonly LineageNode[]): StepCounter[] {
  const seen = new Set<LineageNode>()
  const counters: StepCounter[] = []
  // A lineage may be longer than the stack is deep: a step is pushed again to be counted after its parents.
  const pending = nodes.toReversed().map((step) => ({ step, parentsDone: false }))
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { step, parentsDone } = next
    if (parentsDone) {
      const { operator, kind, taken, given } = step
      if (step.plan.type === 'narrow' || taken > 0) counters.push({ operator, kind, taken, given })
    } else if (!seen.has(step)) {
      seen.add(step)
      for (const counter of step.history) counters.push(counter)
      pending.push({ step, parentsDone: true })
      for (const parent of step.parents.toReversed()) pending.push({ step: parent, parentsDone: false })
    }
  }
  return counters
}

/** Returns the counters to keep of a node whose lineage is about to be truncated. */
export function historyOf(node: LineageNode): readonly StepCounter[] {
  return countersOf(node.parents).slice(-LONGEST_HISTORY)
}
