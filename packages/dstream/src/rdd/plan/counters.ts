import type { LineageNode, PartitionData, PartitionSource, StepCounter } from './lineage.js'

/** The most counters kept of a lineage that has been truncated. */
const LONGEST_HISTORY = 64

/** Returns the counters of a lineage in the order in which a record passes its steps. */
export function countersOf(nodes: readonly LineageNode[]): StepCounter[] {
  const seen = new Set<LineageNode>()
  const counted = new Set<LineageNode>()
  const counters: StepCounter[] = []
  // A lineage may be longer than the stack is deep: a step stays on this one until its parents are counted.
  const pending: LineageNode[] = []
  const push = (steps: readonly LineageNode[]): void => {
    for (let i = steps.length - 1; i >= 0; i--) pending.push(steps[i]!)
  }
  push(nodes)
  for (let step = pending.at(-1); step !== undefined; step = pending.at(-1)) {
    if (!seen.has(step)) {
      seen.add(step)
      for (const counter of step.history) counters.push(counter)
      push(step.parents)
      continue
    }
    pending.pop()
    if (counted.has(step)) continue
    counted.add(step)
    const { operator, kind, taken, given } = step
    if (step.plan.type === 'narrow' || taken > 0) counters.push({ operator, kind, taken, given })
  }
  return counters
}

/** Returns the counters to keep of a node whose lineage is about to be truncated. */
export function historyOf(node: LineageNode): readonly StepCounter[] {
  const counters = countersOf(node.parents)
  return counters.length > LONGEST_HISTORY ? counters.slice(-LONGEST_HISTORY) : counters
}

/**
 * Returns the records that a step has given: those that were counted, or else those that it holds. A step that makes its
 * partitions as a whole, or that has been cut off from its parents, counts nothing and holds them. `undefined` where neither
 * is so.
 */
export function recordsOf(step: LineageNode): number | undefined {
  const { plan, given, computed, parents } = step
  if (given > 0 || plan.type === 'narrow') return given
  if (plan.type === 'concat') return sum(parents.map(recordsOf))
  if (plan.type === 'source') return sum(plan.parts.map(heldIn))
  return Array.isArray(computed) ? sum((computed as PartitionData[]).map(sizeOf)) : undefined
}

/** Returns the sum of numbers that are all known. */
function sum(numbers: readonly (number | undefined)[]): number | undefined {
  return numbers.reduce<number | undefined>(
    (all, number) => (all === undefined || number === undefined ? undefined : all + number),
    0,
  )
}

function heldIn(part: PartitionSource<unknown>): number | undefined {
  if ('records' in part) return part.records.length
  if ('table' in part) return part.table.size
  if ('chunked' in part) return part.chunked.size
  return 'count' in part ? part.count : undefined
}

function sizeOf(data: PartitionData): number {
  return 'length' in data ? data.length : data.size
}
