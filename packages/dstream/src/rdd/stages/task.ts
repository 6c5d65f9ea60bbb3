import { chain, forEachInOrder } from '../../base/maybe-promise.js'
import { recordsOfPartition } from '../execution/evaluate.js'
import { ENGINE_FUNCTIONS } from '../plan/engine-functions.js'
import type { Evaluation } from '../plan/evaluation.js'
import { stepOf, type AnyFunction, type LineageNode, type PartitionSource } from '../plan/lineage.js'
import type {
  AddressOf,
  FunctionAddress,
  KeepPlan,
  MapSide,
  PlannedStep,
  StagePlan,
  Task,
  TaskCounts,
  TaskInput,
} from '../plan/stage-runner.js'

/** The parts of a map side that its tasks are made of. */
export interface MapSideSpec {
  readonly parent: LineageNode
  readonly create: AnyFunction | undefined
  /** Missing where the pairs stay as they are. */
  readonly merge: AnyFunction | undefined
  readonly ownsValues: boolean
}

const ENGINE_ADDRESSES = new Map<AnyFunction, FunctionAddress>(
  Object.entries(ENGINE_FUNCTIONS).map(([name, f]) => [f, `engine:${name}`]),
)

/** Returns the engine's own functions by address. */
export function engineFunctions(): Map<FunctionAddress, AnyFunction> {
  return new Map([...ENGINE_ADDRESSES].map(([f, address]) => [address, f]))
}

/** Returns the address of a function of the engine or of the user; `undefined` for one that has none. */
export function addressed(f: AnyFunction, addressOf: AddressOf): FunctionAddress | undefined {
  return ENGINE_ADDRESSES.get(f) ?? addressOf(f)
}

/** Returns the tasks of a map side by partition. They also take records along that a shuffle has made in this thread. */
export function mapSideTasks(
  side: MapSideSpec,
  evaluation: Evaluation,
): Pick<MapSide, 'prepare' | 'mayMove' | 'taskOf'> {
  const { parent } = side
  const plans = new PlanOfSteps<StagePlan>((steps, addressOf) => stagePlan(side, steps, addressOf))
  const prepare: MapSide['prepare'] = (addressOf) =>
    forEachInOrder(parent.numPartitions, (i) => {
      const below = chainBelow(parent, i)
      if (below.base.staged !== 'shuffle' || plans.of(below, addressOf) === undefined) return
      return chain(recordsOfPartition(below.base, below.index, evaluation), () => undefined)
    })
  return { prepare, ...stageTasks((partition) => chainBelow(parent, partition), plans, true) }
}

/** Returns the plan of a map side behind steps; `undefined` where one of its functions has no address. */
export function stagePlan(
  { create, merge, ownsValues }: MapSideSpec,
  steps: readonly PlannedStep[],
  addressOf: AddressOf,
): StagePlan | undefined {
  const merged = merge === undefined ? null : addressed(merge, addressOf)
  const created = create && addressed(create, addressOf)
  if (merged === undefined || (create !== undefined && created === undefined)) return undefined
  return { steps, create: created, merge: merged, ownsValues }
}

/**
 * Returns the tasks of chains that end in one plan.
 *
 * @param takesShuffled whether they take records along that a shuffle has made in this thread
 */
export function stageTasks<P extends StagePlan | KeepPlan>(
  chainOf: (partition: number) => Chain,
  plans: PlanOfSteps<P>,
  takesShuffled = false,
) {
  return {
    mayMove(partition: number, addressOf: AddressOf): boolean {
      const chain = chainOf(partition)
      const { staged } = chain.base
      if (staged === 'shuffle') return takesShuffled && plans.of(chain, addressOf) !== undefined
      const isStaged = staged === 'source' || (staged === 'records' && chain.isStraight)
      return (isStaged || inputOf(chain, addressOf) !== undefined) && plans.of(chain, addressOf) !== undefined
    },
    taskOf(partition: number, addressOf: AddressOf): Task<P> | undefined {
      const chain = chainOf(partition)
      const isShuffled = chain.base.staged === 'shuffle'
      if (isShuffled && !takesShuffled) return undefined
      const plan = plans.of(chain, addressOf)
      const found = plan && inputOf(chain, addressOf)
      if (plan === undefined || found === undefined) return undefined
      // A repartition is there to spread what comes behind it.
      const isMadeHere = isShuffled && chain.base.kind !== 'repartition'
      const input = isMadeHere ? { ...found, isMadeHere } : found
      const { signal } = 'split' in input ? input.split : {}
      return { partition, plan, input, signal, count: (counts) => countSteps(chain, counts) }
    },
  }
}

/**
 * Makes the plan of a chain of steps, and keeps it for the next chain. Partitions that follow one another mostly go through the
 * same steps, and a batch may have thousands of them.
 */
export class PlanOfSteps<P> {
  readonly #make: (steps: readonly PlannedStep[], addressOf: AddressOf) => P | undefined
  #last: { readonly steps: readonly LineageNode[]; readonly plan: P | undefined } | undefined

  constructor(make: (steps: readonly PlannedStep[], addressOf: AddressOf) => P | undefined) {
    this.#make = make
  }

  /** Returns the plan; `undefined` where a function has no address, or where a step calls for its side effects (`tap`). */
  of({ steps }: Chain, addressOf: AddressOf): P | undefined {
    const last = this.#last
    if (last?.steps.length === steps.length && steps.every((step, s) => step === last.steps[s])) return last.plan
    const planned = plannedSteps(steps, addressOf)
    const plan = planned && this.#make(planned, addressOf)
    this.#last = { steps, plan }
    return plan
  }
}

/** Returns steps as plain data; `undefined` where one can only be done here. */
export function plannedSteps(steps: readonly LineageNode[], addressOf: AddressOf): PlannedStep[] | undefined {
  const planned: PlannedStep[] = []
  for (const step of steps) {
    const { op, f } = stepOf(step)
    const address = op === 'tap' ? undefined : addressed(f, addressOf)
    if (address === undefined) return undefined
    planned.push({ op, f: address })
  }
  return planned
}

/** The narrow steps of a partition, the lowest first, and the partition below them. */
export interface Chain {
  readonly steps: readonly LineageNode[]
  readonly base: LineageNode
  readonly index: number
  /** Whether nothing but the steps lies in between: no union, and nothing that moves partitions. */
  readonly isStraight: boolean
  /** The part of a source that the partition below is; `undefined` for any other, and for one that is cached. */
  readonly part: PartitionSource<unknown> | undefined
}

export function chainBelow(node: LineageNode, partition: number): Chain {
  const steps: LineageNode[] = []
  let base = node
  let index = partition
  let isStraight = true
  while (base.cached === undefined) {
    if (base.plan.type === 'narrow') {
      steps.push(base)
      base = base.parents[0]!
      continue
    }
    const parts = base.plan.type === 'concat' ? base.plan.partsOf(index) : []
    if (parts.length !== 1) break
    isStraight = false
    base = parts[0]!.node
    index = parts[0]!.index
  }
  const { cached, plan } = base
  // The parts of a shared source are cached when they are first read; those that are not can be read elsewhere.
  const part = plan.type === 'source' && cached?.[index] === undefined ? plan.parts[index] : undefined
  return { steps: steps.reverse(), base, index, isStraight, part }
}

/** Returns the steps to a cached node, itself included, and the partition below them. */
export function chainToKept(node: LineageNode, partition: number): Chain {
  const below = chainBelow(node.parents[0]!, partition)
  return { ...below, steps: [...below.steps, node] }
}

/** Returns the input of a task below its steps; `undefined` where the records are cached here, or are still to be read here. */
export function inputOf({ part, steps, base }: Chain, addressOf: AddressOf): TaskInput | undefined {
  if (part === undefined) return undefined
  if ('records' in part) return { records: part.records }
  if ('load' in part) {
    const { split } = part
    // What has several readers is read once, and here.
    const isReadable = split !== undefined && base.cached === undefined
    return isReadable && (split.by === undefined || addressOf(split.by) !== undefined) ? { split } : undefined
  }
  if (!('encoded' in part) || part.encoded === undefined) return undefined
  // The counter of the first step tells how many records were decoded.
  return steps.length > 0 || part.count !== undefined ? { encoded: part.encoded } : undefined
}

/** Adds the records that were counted elsewhere to the counters of steps. */
export function addCounts(steps: readonly LineageNode[], { taken, given }: TaskCounts): void {
  for (const [s, step] of steps.entries()) {
    step.taken += taken[s]!
    step.given += given[s]!
  }
}

/** Adds the records that were counted elsewhere to the counters of the steps and of the source. */
export function countSteps({ steps, part }: Chain, counts: TaskCounts): void {
  addCounts(steps, counts)
  if (part === undefined) return
  const { taken, read } = counts
  if ('encoded' in part && part.count === undefined) part.encoded?.counted(taken[0]!)
  if ('load' in part && read !== undefined) part.split?.counted(read)
}
