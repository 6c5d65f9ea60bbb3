import { chain, forEachInOrder, type MaybePromise } from '../../base/maybe-promise.js'
import { evaluateForCache } from '../execution/evaluate.js'
import type { CombineSink } from '../execution/loop-sink.js'
import { cachePartition } from '../execution/partition-cache.js'
import { ChunkedRecords } from '../plan/chunked-records.js'
import type { Evaluation } from '../plan/evaluation.js'
import type { LineageNode, NodeStage } from '../plan/lineage.js'
import type {
  AddressOf,
  KeepPlan,
  KeptRecords,
  MadeElsewhere,
  ReaderPlan,
  StageRunner,
  Task,
} from '../plan/stage-runner.js'
import { Rider, riddenBelow } from './rider.js'
import { chainToKept, PlanOfSteps, stageTasks, type MapSideSpec } from './task.js'

/**
 * Makes the lineage of the other operators that read shared records in this batch, so that the map sides among them are known.
 * Returns their number, where no reader is anything else; `undefined` where the records themselves are needed.
 */
export type MakeReaders = () => MaybePromise<number | undefined>

/** Lets the runner of stages evaluate the records of an RDD that several operators read. */
export function shareByStage(node: LineageNode, stages: StageRunner, makeReaders: MakeReaders): void {
  for (const one of node.united()) {
    const { plan, cached } = one
    if (cached === undefined) continue
    if (plan.type === 'source' && plan.parts.some((part) => 'encoded' in part && part.encoded !== undefined)) {
      one.staged = 'source'
    }
    if (plan.type !== 'narrow') continue
    const tasks = stageTasks<KeepPlan>((i) => chainToKept(one, i), new PlanOfSteps(planOf([], true)))
    if (!stages.takes({ numPartitions: one.numPartitions, mayMove: tasks.mayMove })) continue
    one.staged = 'records'
    one.stage = new SharedStage(one, one === node ? makeReaders : () => undefined)
  }
}

/** Makes a map side a rider of the records below it, where these are evaluated by a stage. */
export function rideBelow(spec: MapSideSpec, newSink: () => CombineSink): Rider | undefined {
  const ridden = riddenBelow(spec.parent)
  if (ridden === undefined) return undefined
  const rider = new Rider(spec, ridden, newSink)
  ;(ridden.node.stage as SharedStage).add(rider)
  return rider
}

function planOf(readers: readonly ReaderPlan[], keeps: boolean) {
  return (steps: KeepPlan['steps']): KeepPlan => ({ steps, readers, keeps })
}

/** The stage of the records of one node. It runs once: what is missing then is evaluated as it is read. */
class SharedStage implements NodeStage {
  readonly #node: LineageNode
  readonly #makeReaders: MakeReaders
  #riders: readonly Rider[] = []
  #running: Promise<void> | undefined
  #hasBegun = false

  constructor(node: LineageNode, makeReaders: MakeReaders) {
    this.#node = node
    this.#makeReaders = makeReaders
  }

  add(rider: Rider): void {
    if (!this.#hasBegun) this.#riders = [...this.#riders, rider]
  }

  evaluate(evaluation: Evaluation, needsAll: boolean): Promise<void> | undefined {
    if (this.#running !== undefined) return needsAll ? this.#running : this.#running.catch(() => undefined)
    const { stages } = evaluation.runtime
    if (this.#hasBegun || !needsAll || stages === undefined || !stages.hasWorkers) return undefined
    this.#running = this.#run(stages, evaluation).finally(() => (this.#running = undefined))
    return this.#running
  }

  async #run(stages: StageRunner, evaluation: Evaluation): Promise<void> {
    const expected = await this.#makeReaders()
    const riders = this.#riders
    this.#hasBegun = true
    this.#riders = []
    await stages.keep(new RecordsOfNode(this.#node, riders, expected, evaluation))
  }
}

/** The partitions of a node that are still to be evaluated, and the map sides that ride along. */
class RecordsOfNode implements KeptRecords {
  readonly partitions: readonly number[]
  readonly #node: LineageNode
  readonly #riders: readonly Rider[]
  readonly #expected: number | undefined
  readonly #evaluation: Evaluation
  #tasks: ReturnType<typeof stageTasks<KeepPlan>> | undefined
  #riding: readonly Rider[] = []

  constructor(node: LineageNode, riders: readonly Rider[], expected: number | undefined, evaluation: Evaluation) {
    this.#node = node
    this.#riders = riders
    this.#expected = expected
    this.#evaluation = evaluation
    const all = Array.from({ length: node.numPartitions }, (_, i) => i)
    this.partitions = all.filter((i) => node.cached?.[i] === undefined)
  }

  taskOf(
    partition: number,
    addressOf: AddressOf,
    mayRide: (reader: ReaderPlan) => boolean,
  ): Task<KeepPlan> | undefined {
    this.#tasks ??= this.#tasksWith(addressOf, mayRide)
    return this.#tasks.taskOf(partition, addressOf)
  }

  evaluate(partition: number): MaybePromise<void> {
    const records = evaluateForCache(this.#node, partition, this.#evaluation)
    return chain(records, (kept) =>
      forEachInOrder(this.#riding.length, (r) => this.#riding[r]!.combine(partition, kept, this.#evaluation)),
    )
  }

  adopt(partition: number, { chunks, tables }: MadeElsewhere): MaybePromise<void> {
    for (const [r, rider] of this.#riding.entries()) rider.adopt(partition, tables[r])
    if (chunks === undefined) return
    // A reader that needs its first records alone may have evaluated the partition meanwhile.
    if (this.#node.cached?.[partition] !== undefined) return
    return chain(
      cachePartition(this.#node, partition, () => this.#decoded(chunks)),
      () => undefined,
    )
  }

  async #decoded(chunks: Iterable<readonly unknown[]>): Promise<ChunkedRecords> {
    const decoded: (readonly unknown[])[] = []
    for (const chunk of chunks) {
      decoded.push(chunk)
      const pause = this.#evaluation.yieldIfDue(chunk.length)
      if (pause !== undefined) await pause
    }
    return new ChunkedRecords(decoded)
  }

  #tasksWith(addressOf: AddressOf, mayRide: (reader: ReaderPlan) => boolean) {
    const plans: ReaderPlan[] = []
    this.#riding = this.#riders.filter((rider) => {
      const plan = rider.plan(addressOf)
      if (plan === undefined || !mayRide(plan)) return false
      plans.push(plan)
      return true
    })
    const keeps = this.#riding.length !== this.#expected
    return stageTasks<KeepPlan>((i) => chainToKept(this.#node, i), new PlanOfSteps(planOf(plans, keeps)))
  }
}
