import { chain, forEachInOrder, type MaybePromise } from '../../base/maybe-promise.js'
import { copyRecord } from '../../base/values/copy.js'
import { partTaken, recordsFor } from '../execution/copies.js'
import { tableOf, type CombineSink } from '../execution/loop-sink.js'
import { pass, type Steps } from '../execution/pass.js'
import type { ChunkedRecords } from '../plan/chunked-records.js'
import type { Evaluation } from '../plan/evaluation.js'
import type { LineageNode, PairTable } from '../plan/lineage.js'
import type { AddressOf, MadeByReader, MadeTable, ReaderPlan } from '../plan/stage-runner.js'
import { addCounts, plannedSteps, stagePlan, type MapSideSpec } from './task.js'

/** The records that several operators read, as one of these readers sees them. */
export interface Ridden {
  readonly node: LineageNode
  /** The steps from the records to the reader, the lowest first. */
  readonly steps: Steps
  /** Whether the reader gets copies, since later batches read the records too. */
  readonly copies: boolean
}

/** The run of a stage, as its riders see it. */
export interface Ride {
  readonly evaluation: Evaluation
  readonly addressOf: AddressOf
  /** Whether workers do a reader at all. */
  readonly mayRide: (reader: ReaderPlan) => boolean
}

/** A reader of kept records that is done by the task that makes them. */
export interface Riding {
  /** Whether it has asked for the records itself. */
  readonly hasAsked: boolean
  /** Joins the run of a stage. Returns the plan from the records on; `undefined` where only this thread can do it. */
  join(ride: Ride): ReaderPlan | undefined
  /** Keeps what a worker has made of a partition; `undefined` says that it has failed. */
  adopt(partition: number, made: MadeByReader | undefined): MaybePromise<void>
  /** Does a partition here, whose records are here now. An error waits for the reader: it is none of the others'. */
  ride(partition: number, records: ChunkedRecords, evaluation: Evaluation): MaybePromise<void>
}

/**
 * A map side right behind records that several operators read. The task that makes a partition of these records combines it for
 * the map side too, while it has them, so that the records need not come here for it.
 */
export class Rider implements Riding {
  readonly #spec: MapSideSpec
  readonly #ridden: Ridden
  readonly #newSink: () => CombineSink
  readonly #made = new Map<number, MadeTable>()
  #hasAsked = false

  constructor(spec: MapSideSpec, ridden: Ridden, newSink: () => CombineSink) {
    this.#spec = spec
    this.#ridden = ridden
    this.#newSink = newSink
  }

  get hasAsked(): boolean {
    return this.#hasAsked
  }

  join({ addressOf, mayRide }: Ride): ReaderPlan | undefined {
    const { steps, copies } = this.#ridden
    const planned = plannedSteps(steps, addressOf)
    const plan = planned && stagePlan(this.#spec, planned, addressOf)
    if (plan === undefined) return undefined
    const reader = { ...plan, copies }
    return mayRide(reader) ? reader : undefined
  }

  /** Begins the stage of the records, unless it has begun, and waits for it. */
  async waitForRecords(evaluation: Evaluation): Promise<void> {
    this.#hasAsked = true
    await this.#ridden.node.stage?.evaluate(evaluation, true)
  }

  /** Returns what was made of a partition, and forgets it. */
  takeMade(partition: number): MadeTable | undefined {
    const made = this.#made.get(partition)
    this.#made.delete(partition)
    return made
  }

  adopt(partition: number, made: MadeByReader | undefined): void {
    if (made === undefined || !('table' in made)) {
      this.#made.set(partition, { by: 'failed' })
      return
    }
    this.#made.set(partition, { by: 'worker', table: made.table })
    addCounts(this.#ridden.steps, made)
  }

  async ride(partition: number, records: ChunkedRecords, evaluation: Evaluation): Promise<void> {
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
