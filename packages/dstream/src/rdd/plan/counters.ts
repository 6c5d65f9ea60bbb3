import type { LineageNode, StepCounter } from './lineage.js'

/** The most counters kept of a lineage that has been truncated. */
const LONGEST_HISTORY = 64

/** Returns the counters of a lineage in the order in which a record passes its steps. */
export function countersOf(nodes: readonly LineageNode[]): StepCounter[] {
  const seen = new Set<LineageNode>()
  const counters: StepCounter[] = []
  const visit = (step: LineageNode): void => {
    if (seen.has(step)) return
    seen.add(step)
    counters.push(...step.history)
    step.parents.forEach(visit)
    const { operator, kind, taken, given } = step
    if (step.plan.type === 'narrow' || taken > 0) counters.push({ operator, kind, taken, given })
  }
  nodes.forEach(visit)
  return counters
}

/** Returns the counters to keep of a node whose lineage is about to be truncated. */
export function historyOf(node: LineageNode): readonly StepCounter[] {
  return countersOf(node.parents).slice(-LONGEST_HISTORY)
}
