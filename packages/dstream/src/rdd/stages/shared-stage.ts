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
  MadeByReader,
  MadeElsewhere,
  ReaderPlan,
  StageRunner,
  Task,
} from '../plan/stage-runner.js'
import { Rider, riddenBelow, type Ridden, type Ride, type Riding } from './rider.js'
import { addCounts, chainToKept, plannedSteps, PlanOfSteps, stageTasks, type MapSideSpec } from './task.js'

/**
 * Makes the lineage of the other operators that read shared records in this batch, so that those of them that may ride along are
 * known. Returns their number, where no reader is anything else; `undefined` where the records themselves are needed.
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
    const below = riddenBelow(one.parents[0]!)
    const stage = new SharedStage(one, one === node ? makeReaders : () => undefined, below)
    if (below !== undefined) stageOf(below)!.add(stage)
    one.staged = 'records'
    one.stage = stage
  }
}

/** Makes a map side a rider of the records below it, where these are evaluated by a stage. */
export function rideBelow(spec: MapSideSpec, newSink: () => CombineSink): Rider | undefined {
  const ridden = riddenBelow(spec.parent)
  if (ridden === undefined) return undefined
  const rider = new Rider(spec, ridden, newSink)
  stageOf(ridden)!.add(rider)
  return rider
}

/** Returns the stage of records; `undefined` once they are all here. */
function stageOf({ node }: Ridden): SharedStage | undefined {
  return node.stage as SharedStage | undefined
}

function planOf(readers: readonly ReaderPlan[], keeps: boolean) {
  return (steps: KeepPlan['steps']): KeepPlan => ({ steps, readers, keeps })
}

/** The stage of the records of one node. It runs once: what is missing then is evaluated as it is read. */
class SharedStage implements NodeStage, Riding {
  readonly #node: LineageNode
  readonly #makeReaders: MakeReaders
  /** The records of another stage, with which this one rides; `undefined` where it reads a source. */
  readonly #ridden: Ridden | undefined
  #riders: readonly Riding[] = []
  /** The riders that were there before the batch was certain to ask for them: they ride if they ask themselves. */
  #early: readonly Riding[] = []
  #hasAsked = false
  /** The number of readers, where all of them may ride. */
  #expected: number | undefined
  #running: Promise<void> | undefined
  #hasBegun = false
  #records: RecordsOfNode | undefined

  constructor(node: LineageNode, makeReaders: MakeReaders, ridden: Ridden | undefined) {
    this.#node = node
    this.#makeReaders = makeReaders
    this.#ridden = ridden && { ...ridden, steps: [...ridden.steps, node] }
  }

  get hasAsked(): boolean {
    return this.#hasAsked
  }

  /** The run that is under way. */
  get running(): Promise<void> | undefined {
    return this.#running
  }

  get #below(): SharedStage | undefined {
    return this.#ridden && stageOf(this.#ridden)
  }

  add(rider: Riding): void {
    if (!this.#hasBegun) this.#riders = [...this.#riders, rider]
  }

  evaluate(evaluation: Evaluation, needsAll: boolean): Promise<void> | undefined {
    const running = this.#running ?? this.#below?.running
    if (running !== undefined) return needsAll ? running : running.catch(() => undefined)
    const { stages } = evaluation.runtime
    if (this.#hasBegun || !needsAll || stages === undefined || !stages.hasWorkers) return undefined
    this.#running = this.#run(stages, evaluation).finally(() => (this.#running = undefined))
    return this.#running
  }

  /** Makes the lineage of the readers, and of theirs. */
  async prepare(): Promise<void> {
    this.#early = this.#riders
    this.#expected = await this.#makeReaders()
    for (const rider of this.#certain) if (rider instanceof SharedStage) await rider.prepare()
  }

  /** The riders that the batch asks for. A function that leaves its RDD must not have others called for it. */
  get #certain(): readonly Riding[] {
    return this.#riders.filter((rider) => rider.hasAsked || !this.#early.includes(rider))
  }

  join(ride: Ride): ReaderPlan | undefined {
    const { steps, copies } = this.#ridden!
    const planned = plannedSteps(steps, ride.addressOf)
    if (planned === undefined || this.#hasBegun) return undefined
    const records = this.#begin(ride.evaluation)
    const plan = { ...records.planWith(ride)(planned), copies }
    if (!ride.mayRide(plan)) return undefined
    this.#records = records
    return plan
  }

  adopt(partition: number, made: MadeByReader | undefined): MaybePromise<void> {
    const isMade = made !== undefined && !('table' in made)
    if (isMade) addCounts(this.#ridden!.steps, made)
    return this.#records!.adopt(partition, isMade ? made : undefined)
  }

  async ride(partition: number): Promise<void> {
    // Copies are made of all partitions at once, which are not here yet.
    if (this.#ridden!.copies) return
    try {
      await this.#records!.evaluate(partition)
    } catch {
      // The reader meets the error where it reads the partition.
      return
    }
  }

  async #run(stages: StageRunner, evaluation: Evaluation): Promise<void> {
    if (this.#ridden !== undefined) {
      this.#hasAsked = true
      await this.#below?.evaluate(evaluation, true)
      this.#hasBegun = true
      return
    }
    await this.prepare()
    await stages.keep(this.#begin(evaluation))
  }

  #begin(evaluation: Evaluation): RecordsOfNode {
    const riders = this.#certain
    this.#hasBegun = true
    this.#riders = this.#early = []
    return new RecordsOfNode(this.#node, riders, this.#expected, evaluation)
  }
}

/** The partitions of a node that are still to be evaluated, and the readers that ride along. */
class RecordsOfNode implements KeptRecords {
  readonly partitions: readonly number[]
  readonly #node: LineageNode
  readonly #riders: readonly Riding[]
  readonly #expected: number | undefined
  readonly #evaluation: Evaluation
  #tasks: ReturnType<typeof stageTasks<KeepPlan>> | undefined
  #riding: readonly Riding[] = []

  constructor(node: LineageNode, riders: readonly Riding[], expected: number | undefined, evaluation: Evaluation) {
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
    const ride = { evaluation: this.#evaluation, addressOf, mayRide }
    this.#tasks ??= stageTasks((i) => chainToKept(this.#node, i), new PlanOfSteps(this.planWith(ride)))
    return this.#tasks.taskOf(partition, addressOf)
  }

  /** Lets the readers join a run. Returns what makes the plan of the steps to the records. */
  planWith(ride: Ride): (steps: KeepPlan['steps']) => KeepPlan {
    const plans: ReaderPlan[] = []
    this.#riding = this.#riders.filter((rider) => {
      const plan = rider.join(ride)
      if (plan !== undefined) plans.push(plan)
      return plan !== undefined
    })
    return planOf(plans, this.#riding.length !== this.#expected)
  }

  evaluate(partition: number): MaybePromise<void> {
    const records = evaluateForCache(this.#node, partition, this.#evaluation)
    return chain(records, (kept) =>
      forEachInOrder(this.#riding.length, (r) => this.#riding[r]!.ride(partition, kept, this.#evaluation)),
    )
  }

  /** Keeps what a worker has made of a partition; `undefined` says that it has failed. */
  adopt(partition: number, made: MadeElsewhere | undefined): MaybePromise<void> {
    const done = forEachInOrder(this.#riding.length, (r) => this.#riding[r]!.adopt(partition, made?.readers[r]))
    return chain(done, () => this.#keep(partition, made?.chunks))
  }

  #keep(partition: number, chunks: MadeElsewhere['chunks']): MaybePromise<void> {
    // A reader that needs its first records alone may have evaluated the partition meanwhile.
    if (chunks === undefined || this.#node.cached?.[partition] !== undefined) return
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
}
