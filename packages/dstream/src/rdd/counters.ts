import type { PlanNode } from './plan.js'

/** How many records a step has taken and given, over all evaluations that came to their end. */
export interface StepCounter {
  readonly operator: string
  readonly kind: string
  readonly taken: number
  readonly given: number
}

/** The steps of a lineage, those first that a record meets first. */
export function countersOf(node: PlanNode): StepCounter[] {
  const seen = new Set<PlanNode>()
  const counters: StepCounter[] = []
  const visit = (step: PlanNode): void => {
    if (seen.has(step)) return
    seen.add(step)
    step.parents.forEach(visit)
    const { operator, kind, taken, given } = step
    if (step.plan.type === 'narrow') counters.push({ operator, kind, taken, given })
  }
  visit(node)
  return counters
}
