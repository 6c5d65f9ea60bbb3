import { chain, forEachInOrder, type MaybePromise } from '../../base/maybe-promise.js'
import { copyRecord } from '../../base/values/copy.js'
import { partTaken, recordsFor } from '../execution/copies.js'
import { tableOf, type CombineSink } from '../execution/loop-sink.js'
import { pass, type Steps } from '../execution/pass.js'
import type { ChunkedRecords } from '../plan/chunked-records.js'
import type { Evaluation } from '../plan/evaluation.js'
import type { LineageNode, PairTable } from '../plan/lineage.js'
import type { AddressOf, MadeTable, ReaderPlan, TaskCounts } from '../plan/stage-runner.js'
import { plannedSteps, stagePlan, type MapSideSpec } from './task.js'

/** The records that several operators read, as a rider sees them. */
interface Ridden {
  readonly node: LineageNode
  /** The steps from the records to the map side, the lowest first. */
  readonly steps: Steps
  /** Whether the map side reads copies, since later batches read the records too. */
  readonly copies: boolean
}

/**
 * A map side right behind records that several operators read. The task that makes a partition of these records combines it for
 * the map side too, while it has them, so that the records need not come here for it.
 */
export class Rider {
  readonly #spec: MapSideSpec
  readonly #ridden: Ridden
  readonly #newSink: () => CombineSink
  readonly #made = new Map<number, MadeTable>()
  #plan: { readonly plan: ReaderPlan | undefined } | undefined

  constructor(spec: MapSideSpec, ridden: Ridden, newSink: () => CombineSink) {
    this.#spec = spec
    this.#ridden = ridden
    this.#newSink = newSink
  }

  /** The plan from the records on; `undefined` where only this thread can do it. */
  plan(addressOf: AddressOf): ReaderPlan | undefined {
    this.#plan ??= { plan: this.#planned(addressOf) }
    return this.#plan.plan
  }

  /** Begins the stage of the records, unless it has begun, and waits for it. */
  async waitForRecords(evaluation: Evaluation): Promise<void> {
    await this.#ridden.node.stage?.evaluate(evaluation, true)
  }

  /** Returns what was made of a partition, and forgets it. */
  takeMade(partition: number): MadeTable | undefined {
    const made = this.#made.get(partition)
    this.#made.delete(partition)
    return made
  }

  /** Keeps the table of a worker; `undefined` says that it has failed. */
  adopt(partition: number, made: (TaskCounts & { readonly table: PairTable }) | undefined): void {
    this.#made.set(partition, made === undefined ? { by: 'failed' } : { by: 'worker', table: made.table })
    if (made === undefined) return
    for (const [s, step] of this.#ridden.steps.entries()) {
      step.taken += made.taken[s]!
      step.given += made.given[s]!
    }
  }

  /**
   * Combines a partition of records that are here now. An error of the map side waits for it: it is none of the other readers'.
   */
  async combine(partition: number, records: ChunkedRecords, evaluation: Evaluation): Promise<void> {
    try {
      const table = await this.#combined(partition, records, evaluation)
      this.#made.set(partition, { by: 'here', table })
    } catch (error) {
      this.#made.set(partition, { by: 'here', error })
    }
  }

  #combined(partition: number, { chunks }: ChunkedRecords, evaluation: Evaluation): MaybePromise<PairTable> {
    const { node, steps, copies } = this.#ridden
    const sink = this.#newSink()
    const policy = evaluation.policyFor(node, partition)
    const taken = partTaken(steps, sink)
    const done = forEachInOrder(chunks.length, (c) => {
      const records = chunks[c]!
      return pass(copies ? recordsFor(records, copyRecord, taken) : records, steps, sink, evaluation, policy)
    })
    return chain(done, () => tableOf(sink))
  }

  #planned(addressOf: AddressOf): ReaderPlan | undefined {
    const steps = plannedSteps(this.#ridden.steps, addressOf)
    const plan = steps && stagePlan(this.#spec, steps, addressOf)
    return plan && { ...plan, copies: this.#ridden.copies }
  }
}

/** Returns the records that a stage keeps right below narrow steps; `undefined` where there are none. */
export function riddenBelow(parent: LineageNode): Ridden | undefined {
  const steps: LineageNode[] = []
  let node = parent
  while (node.plan.type === 'narrow' && node.stage === undefined) {
    if (node.cached !== undefined) return undefined
    steps.push(node)
    node = node.parents[0]!
  }
  const copies = node.plan.type === 'copies' && node.staged === 'records'
  // The copies are made of the records that are kept for later batches, which are those of the node below.
  if (copies) node = node.parents[0]?.parents[0] ?? node
  return node.stage === undefined ? undefined : { node, steps: steps.reverse(), copies }
}
