import type { LineageNode, StepCounter } from './lineage.js'

/** What is remembered of a lineage that is gone. */
const LONGEST_HISTORY = 64

/** The steps of a lineage, those first that a record meets first. */
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

/** The counts of a node that is about to lose its lineage. */
export function historyOf(node: LineageNode): readonly StepCounter[] {
  return countersOf(node.parents).slice(-LONGEST_HISTORY)
}
