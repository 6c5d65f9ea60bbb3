import { chain, forEachInOrder, type MaybePromise } from '../../base/maybe-promise.js'
import { recordsOfPartition } from '../execution/evaluate.js'
import type { Evaluation } from '../plan/evaluation.js'
import { readOnly } from '../plan/shapes.js'
import type { AnyFunction, LineageNode } from '../plan/lineage.js'
import { partitionContext, type PartitionContext } from '../plan/partition-context.js'
import type { AddressOf, CalledAttempt, CallPlan, PartitionCalls, Task } from '../plan/stage-runner.js'
import { addressed, chainBelow, countSteps, inputOf, PlanOfSteps, type Chain } from './task.js'

/** The function of an output, and the attempt for which it is called. */
export interface CallSpec {
  readonly f: (records: Iterable<never>, context: PartitionContext) => unknown
  readonly attempt: CalledAttempt
  readonly signalOf: () => AbortSignal
  /** The partitions whose calls have ended well, in this attempt and in earlier ones. */
  readonly done: Set<number>
}

/**
 * Calls the function of an output with each partition: in order in this thread, or where the runner of the stages finds room.
 * An error that it throws comes out as it was thrown, since the attempt may be made again.
 */
export function callPartitions(node: LineageNode, spec: CallSpec, evaluation: Evaluation): MaybePromise<void> {
  const calls = new Calls(node, spec, evaluation)
  const { stages } = evaluation.runtime
  if (stages !== undefined) return stages.call(calls)
  return forEachInOrder(calls.partitions.length, (p) => calls.call(calls.partitions[p]!))
}

class Calls implements PartitionCalls {
  readonly partitions: readonly number[]
  readonly #node: LineageNode
  readonly #spec: CallSpec
  readonly #evaluation: Evaluation
  readonly #kept = new Map<number, readonly unknown[]>()
  readonly #plans: PlanOfSteps<CallPlan>

  constructor(node: LineageNode, spec: CallSpec, evaluation: Evaluation) {
    this.#node = node
    this.#spec = spec
    this.#evaluation = evaluation
    const all = Array.from({ length: node.numPartitions }, (_, i) => i)
    this.partitions = all.filter((i) => !spec.done.has(i))
    this.#plans = new PlanOfSteps((steps, addressOf) => {
      const call = addressed(spec.f as AnyFunction, addressOf)
      return call === undefined ? undefined : { steps, call }
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

  taskOf(partition: number, addressOf: AddressOf): Task<CallPlan> | undefined {
    const below = chainBelow(this.#node, partition)
    const plan = this.#plans.of(below, addressOf)
    const kept = this.#kept.get(partition)
    const input = plan && (kept === undefined ? inputOf(below, addressOf) : { records: kept })
    if (plan === undefined || input === undefined) return undefined
    const { attempt, signalOf } = this.#spec
    const count: Task['count'] = (counts) => countSteps(below, counts)
    return { partition, plan, input, attempt, signal: signalOf(), count }
  }

  call(partition: number): MaybePromise<void> {
    const { f, attempt, signalOf } = this.#spec
    return chain(recordsOfPartition(this.#node, partition, this.#evaluation), async (records) => {
      signalOf().throwIfAborted()
      await f(readOnly(records) as Iterable<never>, partitionContext(attempt, partition, signalOf))
      this.called(partition)
    })
  }

  called(partition: number): void {
    this.#spec.done.add(partition)
  }
}

/** Whether the records below the steps are in memory once they are evaluated: those of a shuffle, and of a shared stream. */
function isKeptHere({ base, part }: Chain): boolean {
  if (part === undefined) return base.cached !== undefined || base.plan.type === 'wide'
  return 'table' in part || 'chunked' in part
}
