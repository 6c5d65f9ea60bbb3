import { chain, forEachInOrder, type MaybePromise } from '../../base/maybe-promise.js'
import type { PartFolder, SavedForm } from '../../base/ports.js'
import { recordsOfPartition } from '../execution/evaluate.js'
import { savedRecords } from '../execution/saved-records.js'
import type { Evaluation } from '../plan/evaluation.js'
import { readOnly } from '../plan/shapes.js'
import type { AnyFunction, LineageNode } from '../plan/lineage.js'
import { partitionContext, type PartitionContext } from '../plan/partition-context.js'
import type { AddressOf, CalledAttempt, CallPlan, PartitionCalls, SavePlan, Task } from '../plan/stage-runner.js'
import { addressed, chainBelow, countSteps, inputOf, PlanOfSteps, type Chain } from './task.js'

/** The function of an output, and the attempt for which it is called. */
export interface CallSpec {
  readonly f: (records: Iterable<never>, context: PartitionContext) => unknown
  readonly attempt: CalledAttempt
  readonly signalOf: () => AbortSignal
  /** What the calls that have ended well have returned, by partition, in this attempt and in earlier ones. */
  readonly done: Map<number, unknown>
  /** Whether that is wanted: it has to be plain data then. */
  readonly returns?: boolean
}

/** A directory whose parts are written by partition. */
export interface SaveSpec {
  readonly form: SavedForm
  readonly folder: PartFolder
  /** Returns the signal of the attempt, where there is one. */
  readonly signalOf: () => AbortSignal | undefined
}

/** What is done with each partition. */
interface Doing {
  /** Returns the end of the plan; `undefined` for what can only be done here. */
  readonly endOf: (addressOf: AddressOf) => PlanEnd | undefined
  readonly more: Pick<Task, 'attempt' | 'folder'>
  readonly signalOf: () => AbortSignal | undefined
  /** Does a partition here. */
  readonly here: (records: readonly unknown[], partition: number) => unknown
  readonly done: Map<number, unknown>
}

type PlanEnd = Omit<CallPlan, 'steps'> | Omit<SavePlan, 'steps'>

/**
 * Calls the function of an output with each partition: in order in this thread, or where the runner of the stages finds room.
 * An error that it throws comes out as it was thrown, since the attempt may be made again.
 */
export function callPartitions(node: LineageNode, spec: CallSpec, evaluation: Evaluation): MaybePromise<void> {
  const { f, attempt, signalOf, done, returns = false } = spec
  return doPartitions(node, evaluation, {
    endOf: (addressOf) => {
      const call = addressed(f as AnyFunction, addressOf)
      return call === undefined ? undefined : { call, ...(returns && { returns }) }
    },
    more: { attempt },
    signalOf,
    here: (records, partition) =>
      f(readOnly(records) as Iterable<never>, partitionContext(attempt, partition, signalOf)),
    done,
  })
}

/** Writes the parts of a directory in the same way. Resolves to the names of the files, in order of the partitions. */
export async function saveParts(node: LineageNode, spec: SaveSpec, evaluation: Evaluation): Promise<readonly string[]> {
  const { form, folder, signalOf } = spec
  const { groups } = node
  const done = new Map<number, unknown>()
  await doPartitions(node, evaluation, {
    endOf: () => ({ save: form, groups }),
    more: { folder: folder.uri },
    signalOf,
    here: (records) => folder.write(form, savedRecords(form, records, groups)),
    done,
  })
  return Array.from({ length: node.numPartitions }, (_, i) => done.get(i) as string)
}

function doPartitions(node: LineageNode, evaluation: Evaluation, doing: Doing): MaybePromise<void> {
  const calls = new Calls(node, doing, evaluation)
  const { stages } = evaluation.runtime
  if (stages !== undefined) return stages.call(calls)
  return forEachInOrder(calls.partitions.length, (p) => calls.call(calls.partitions[p]!))
}

class Calls implements PartitionCalls {
  readonly partitions: readonly number[]
  readonly #node: LineageNode
  readonly #doing: Doing
  readonly #evaluation: Evaluation
  readonly #kept = new Map<number, readonly unknown[]>()
  readonly #plans: PlanOfSteps<CallPlan | SavePlan>

  constructor(node: LineageNode, doing: Doing, evaluation: Evaluation) {
    this.#node = node
    this.#doing = doing
    this.#evaluation = evaluation
    const all = Array.from({ length: node.numPartitions }, (_, i) => i)
    this.partitions = all.filter((i) => !doing.done.has(i))
    this.#plans = new PlanOfSteps((steps, addressOf) => {
      const end = doing.endOf(addressOf)
      return end === undefined ? undefined : { steps, ...end }
    })
  }

  prepare(addressOf: AddressOf): MaybePromise<void> {
    return forEachInOrder(this.partitions.length, (p) => {
      const i = this.partitions[p]!
      const below = chainBelow(this.#node, i)
      if (!isKeptHere(below) || this.#plans.of(below, addressOf) === undefined) return
      const records = recordsOfPartition(below.base, below.index, this.#evaluation)
      return chain(records, (kept) => void this.#kept.set(i, kept))
    })
  }

  taskOf(partition: number, addressOf: AddressOf): Task<CallPlan | SavePlan> | undefined {
    const below = chainBelow(this.#node, partition)
    const plan = this.#plans.of(below, addressOf)
    const kept = this.#kept.get(partition)
    const input = plan && (kept === undefined ? inputOf(below, addressOf) : { records: kept })
    if (plan === undefined || input === undefined) return undefined
    const { more, signalOf } = this.#doing
    const count: Task['count'] = (counts) => countSteps(below, counts)
    return { partition, plan, input, ...more, signal: signalOf(), count }
  }

  call(partition: number): MaybePromise<void> {
    const { here, signalOf } = this.#doing
    return chain(recordsOfPartition(this.#node, partition, this.#evaluation), async (records) => {
      signalOf()?.throwIfAborted()
      this.called(partition, await here(records, partition))
    })
  }

  called(partition: number, result: unknown): void {
    this.#doing.done.set(partition, result)
  }
}

/** Whether the records below the steps are in memory once they are evaluated: those of a shuffle, and of a shared stream. */
function isKeptHere({ base, part }: Chain): boolean {
  if (part === undefined) return base.cached !== undefined || base.plan.type === 'wide'
  return 'table' in part || 'chunked' in part
}
