import { ENGINE_FUNCTIONS } from '../plan/engine-functions.js'
import { stepOf, type AnyFunction, type LineageNode, type PartitionSource, type StepOp } from '../plan/lineage.js'
import type { AddressOf, FunctionAddress, Task } from '../plan/stage-runner.js'

/** The parts of a map side that its tasks are made of. */
export interface MapSideSpec {
  readonly parent: LineageNode
  readonly create: AnyFunction | undefined
  readonly merge: AnyFunction
  readonly ownsValues: boolean
}

const ENGINE_ADDRESSES = new Map<AnyFunction, FunctionAddress>(
  Object.entries(ENGINE_FUNCTIONS).map(([name, f]) => [f, `engine:${name}`]),
)

/** Returns the engine's own functions by address. */
export function engineFunctions(): Map<FunctionAddress, AnyFunction> {
  return new Map([...ENGINE_ADDRESSES].map(([f, address]) => [address, f]))
}

/**
 * Returns the task of a partition; `undefined` where it can only be done here: a function has no address, a step calls for
 * its side effects (`tap`), or the records are cached here or are still to be read.
 */
export function taskOf(side: MapSideSpec, partition: number, addressOf: AddressOf): Task | undefined {
  const addressed = (f: AnyFunction): FunctionAddress | undefined => ENGINE_ADDRESSES.get(f) ?? addressOf(f)
  const merge = addressed(side.merge)
  const create = side.create && addressed(side.create)
  if (merge === undefined || (side.create !== undefined && create === undefined)) return undefined
  const below = chainBelow(side.parent, partition)
  if (below === undefined) return undefined
  const steps: { op: StepOp; f: FunctionAddress }[] = []
  for (const step of below.steps) {
    const { op, f } = stepOf(step)
    const address = op === 'tap' ? undefined : addressed(f)
    if (address === undefined) return undefined
    steps.push({ op, f: address })
  }
  const input = inputOf(below.part, steps.length > 0)
  if (input === undefined) return undefined
  const plan = { steps, create, merge, ownsValues: side.ownsValues }
  return { partition, plan, input, count: (taken, given) => count(below, taken, given) }
}

function count({ steps, part }: Chain, taken: readonly number[], given: readonly number[]): void {
  for (const [s, step] of steps.entries()) {
    step.taken += taken[s]!
    step.given += given[s]!
  }
  if ('encoded' in part && part.count === undefined) part.encoded?.counted(taken[0]!)
}

interface Chain {
  readonly steps: readonly LineageNode[]
  readonly part: PartitionSource<unknown>
}

/** Returns the narrow steps of a partition, and the part of a source below them. */
function chainBelow(node: LineageNode, partition: number): Chain | undefined {
  const steps: LineageNode[] = []
  let base = node
  let i = partition
  for (;;) {
    const { plan } = base
    // The parts of a shared source are cached when they are first read; those that are not can be read elsewhere.
    if (base.cached !== undefined && (plan.type !== 'source' || base.cached[i] !== undefined)) return undefined
    if (plan.type === 'source') return { steps: steps.reverse(), part: plan.parts[i]! }
    if (plan.type === 'narrow') {
      steps.push(base)
      base = base.parents[0]!
      continue
    }
    const parts = plan.type === 'concat' ? plan.partsOf(i) : []
    if (parts.length !== 1) return undefined
    base = parts[0]!.node
    i = parts[0]!.index
  }
}

/** @param hasSteps whether there is a step, whose counter tells how many records were decoded */
function inputOf(part: PartitionSource<unknown>, hasSteps: boolean): Task['input'] | undefined {
  if ('records' in part) return { records: part.records }
  if (!('encoded' in part) || part.encoded === undefined) return undefined
  return hasSteps || part.count !== undefined ? { encoded: part.encoded } : undefined
}
