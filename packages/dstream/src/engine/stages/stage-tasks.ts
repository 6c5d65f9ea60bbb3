import { errorOf } from '../../base/errors/plain-error.js'
import { chain, type MaybePromise } from '../../base/maybe-promise.js'
import type { Logger } from '../../base/ports.js'
import { decodeValue } from '../../durable/codec/value-codec.js'
import type { TaskFigures } from '../../observe/progress.js'
import type { Accumulators, Additions } from '../../rdd/plan/accumulators.js'
import type { Broadcasts } from '../../rdd/plan/broadcasts.js'
import type { AnyFunction, PairTable } from '../../rdd/plan/lineage.js'
import type {
  AddressOf,
  AnyPlan,
  Built,
  Divided,
  FunctionAddress,
  KeepPlan,
  KeptRecords,
  MapSide,
  PartitionCalls,
  ReaderPlan,
  StageRunner,
  StateUpdates,
  Task,
} from '../../rdd/plan/stage-runner.js'
import { functionAddresses } from '../../streams/graph/function-table.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { BodyText } from '../../streams/graph/repeatable-body.js'
import { BodyRuns, withoutTimes } from './body-runs.js'
import type { ReaderReply, TaskFailure } from './frames.js'
import { Made, madeOf, tableOf, Updated } from './replies.js'
import { Failed, SharedWork, type Outcome, type Work, type WorkNotes } from './shared-work.js'
import { LEAST_BYTES, type Reply, type TaskPool } from './task-queue.js'

/** The failed tasks of a stage in a row from which on all of its tasks are done here. */
const MOST_FAILURES = 8
/** The bytes that a record counts for. */
const BYTES_OF_RECORD = 256
/** The addresses of the functions that workers may call. */
export type FunctionAddresses = ReadonlyMap<AnyFunction, FunctionAddress>

/** What else than its graph a program has, where it is known. */
export interface StageProgram {
  /** The accumulators that tasks add to. */
  readonly accumulators?: Accumulators | undefined
  /** The broadcasts that tasks read. */
  readonly broadcasts?: Broadcasts | undefined
  /** The function that has built the graph. */
  readonly definition?: AnyFunction | undefined
  readonly logger?: Logger | undefined
}

/** The result of what has none: a call, and a partition that is kept where it was evaluated. */
const DONE = {}

/** Does partitions in this thread by a function that has no result. */
function doneBy(f: (partition: number) => MaybePromise<void>): Work<object>['here'] {
  return (partition) => chain(f(partition), () => DONE)
}

/**
 * Runs map sides as stages, in this thread and in the workers of a pool. Each partition is combined on its own, and the tables
 * are merged in order of the partitions, so that the result is the same for any number of workers. The calls of outputs by
 * partition are shared in the same way.
 */
export class StageTasks implements StageRunner {
  #addresses: FunctionAddresses | undefined
  #bodies: BodyRuns | undefined
  #logger: Logger | undefined
  /** The operators whose functions over RDDs have built something else in a worker. */
  readonly #others = new Set<string>()
  #accumulators: Accumulators | undefined
  #broadcasts: Broadcasts | undefined
  #pool: TaskPool | undefined
  /** The failures in a row by stage; infinite for one whose tasks can only be done here. */
  readonly #failures = new Map<string, number>()
  /** The key of each plan, which is one object for many partitions. */
  readonly #keys = new WeakMap<AnyPlan | ReaderPlan, string>()
  #figures: TaskFigures = { onMainThread: 0, onWorkers: 0, repeated: 0 }
  readonly #notes: WorkNotes = {
    doneHere: (isRepeated) => this.#count(isRepeated ? 'repeated' : 'onMainThread'),
    replied: (task, reply) => this.#replied(task, reply),
  }

  get hasWorkers(): boolean {
    return this.#pool !== undefined && this.#pool.size > 0
  }

  /** Opens the functions of a complete graph, before its first batch. Returns those that workers may call. */
  async open(graph: Graph, program: StageProgram = {}): Promise<FunctionAddresses> {
    const { accumulators, broadcasts, definition, logger } = program
    this.#accumulators = accumulators
    this.#broadcasts = broadcasts
    this.#logger = logger
    // The parser is loaded here, since a plain import of the library must not wait for it.
    const { parse } = await import('acorn')
    this.#bodies = new BodyRuns(graph, definition, parse)
    return (this.#addresses = await functionAddresses(graph, definition))
  }

  /** What the texts of the operators' functions over RDDs tell, by operator. */
  get bodies(): ReadonlyMap<object, BodyText> {
    return this.#bodies?.texts ?? new Map()
  }

  built(built: Built): void {
    this.#bodies?.built(built)
  }

  /** Shares the tasks of all stages from now on with a pool. */
  use(pool: TaskPool): void {
    this.#pool = pool
  }

  /** Returns the counts of tasks since the last call. */
  takeFigures(): TaskFigures {
    const figures = this.#figures
    this.#figures = { onMainThread: 0, onWorkers: 0, repeated: 0 }
    return figures
  }

  takes(side: Divided): boolean {
    if (this.#addresses === undefined || side.numPartitions < 2) return false
    for (let i = 0; i < side.numPartitions; i++) if (side.mayMove(i, this.#addressOf)) return true
    return false
  }

  keep(records: KeptRecords): Promise<void> | undefined {
    const { partitions } = records
    if (!this.hasWorkers || partitions.length < 2) return undefined
    const mayRide = (reader: ReaderPlan): boolean => this.#maySend(reader)
    const tasks = this.#tasksOf(partitions, (i) => records.taskOf(i, this.#addressOf, mayRide))
    if (tasks.length === 0) return undefined
    const work: Work<object> = {
      partitions,
      here: doneBy((i) => records.evaluate(i)),
      resultOf: (task, reply) => {
        if (reply.type !== 'kept') return undefined
        task.count(reply)
        return madeOf(reply)
      },
    }
    const shared = new SharedWork(work, tasks, this.#notes)
    return this.#share(shared, () =>
      shared.run((made, i) => (made instanceof Made ? records.adopt(i, made) : undefined)),
    )
  }

  async run(side: MapSide, merge: (table: PairTable) => MaybePromise<void>): Promise<void> {
    const partitions = Array.from({ length: side.numPartitions }, (_, i) => i)
    const known = this.#madeFor(side, partitions)
    const work: Work<PairTable> = { partitions, known, here: (i) => side.combine(i), resultOf: tableOf }
    const shared = new SharedWork(
      work,
      this.#tasksOf(partitions, (i) => side.taskOf(i, this.#addressOf)),
      this.#notes,
    )
    await this.#share(shared, () => shared.run(merge))
  }

  async call(calls: PartitionCalls): Promise<void> {
    const { partitions } = calls
    if (this.hasWorkers && partitions.length > 1) await calls.prepare(this.#addressOf)
    const work: Work<object> = {
      partitions,
      here: doneBy((i) => calls.call(i)),
      resultOf: (task, reply) => {
        if (reply.type !== 'called') return undefined
        task.count(reply)
        if (reply.threw !== undefined) return new Failed(errorOf(reply.threw))
        calls.called(task.partition)
        return DONE
      },
    }
    const tasks = partitions.length > 1 ? this.#tasksOf(partitions, (i) => calls.taskOf(i, this.#addressOf)) : []
    const shared = new SharedWork(work, tasks, this.#notes)
    await this.#share(shared, async () => {
      try {
        await shared.run(() => undefined)
      } finally {
        // The next attempt must not begin while a worker is still at this one.
        await shared.settled()
      }
    })
  }

  update(updates: StateUpdates): Promise<void> | undefined {
    const { partitions, numPartitions } = updates
    const mayMove = updates.functions.every((f) => this.#addressOf(f) !== undefined)
    if (!this.hasWorkers || numPartitions < 2 || !mayMove) return undefined
    // The share of this thread comes first, so that changes are applied in order of the partitions.
    const share = this.#pool!.sharesStates ? Math.ceil(numPartitions / (this.#pool!.size + 1)) : 0
    const tasks = this.#tasksOf(
      partitions.filter((i) => i >= share),
      (i) => updates.taskOf(i),
    )
    if (tasks.length === 0) return undefined
    const work: Work<object> = {
      partitions,
      leavesTasks: true,
      here: doneBy((i) => updates.update(i)),
      again: (task, reply) => (reply.type === 'wanting' ? updates.withBase(task) : undefined),
      resultOf: (_, reply) => (reply.type === 'updated' ? new Updated(reply) : undefined),
    }
    const shared = new SharedWork(work, tasks, this.#notes)
    return this.#share(shared, () =>
      shared.run((updated, i) => (updated instanceof Updated ? updates.adopt(i, updated) : undefined)),
    )
  }

  /** Returns what the stage below a map side has made for it. */
  #madeFor(side: MapSide, partitions: readonly number[]): ReadonlyMap<number, Outcome<PairTable>> {
    const known = new Map<number, Outcome<PairTable>>()
    for (const i of partitions) {
      const made = side.takeMade(i)
      if (made === undefined) continue
      if ('table' in made) this.#count(made.by === 'worker' ? 'onWorkers' : 'onMainThread')
      known.set(i, 'table' in made ? made.table : 'error' in made ? new Failed(made.error) : undefined)
    }
    return known
  }

  readonly #addressOf: AddressOf = (f) => this.#addresses?.get(f) ?? this.#bodies?.addressOf(f)

  /** Returns the tasks for workers; none where sending them would take longer than the work. */
  #tasksOf(partitions: readonly number[], taskOf: (partition: number) => Task | undefined): readonly Task[] {
    if (!this.hasWorkers) return []
    const tasks = partitions.map(taskOf).flatMap((task) => {
      const bodies = task && this.#bodies?.runsOf(task.plan)
      if (bodies === undefined || !this.#maySend(task!.plan)) return []
      return bodies.length === 0 ? [task!] : [{ ...task!, bodies }]
    })
    if (tasks.reduce((sum, task) => sum + bytesOf(task), 0) < this.#pool!.leastBytes) return []
    const broadcasts = this.#broadcasts?.digests()
    return broadcasts === undefined || broadcasts.length === 0 ? tasks : tasks.map((task) => ({ ...task, broadcasts }))
  }

  /** Lets workers take the tasks of a stage while it runs. */
  async #share(shared: SharedWork<object>, run: () => Promise<void>): Promise<void> {
    this.#pool?.queues.add(shared.queue)
    try {
      await run()
    } finally {
      this.#pool?.queues.delete(shared.queue)
    }
  }

  #replied(task: Task, reply: Reply): void {
    const stage = this.#keyOf(task.plan)
    if (reply.type === 'failed') {
      // Another attempt at the same stage may well be done there.
      const isCounted = task.signal?.aborted !== true
      if (isCounted) this.#failed(stage, reply)
      return
    }
    this.#failures.delete(stage)
    if (reply.type === 'wanting') return
    this.#add(reply.added)
    if (reply.type === 'kept') this.#repliedFor(task.plan as KeepPlan, reply.readers)
    this.#count('onWorkers')
  }

  /**
   * Notes which readers of kept records have failed: each of them is done here on its own in the end. Further records count as a
   * task; a map side counts once it takes its table.
   */
  #repliedFor({ readers }: KeepPlan, replies: readonly ReaderReply[]): void {
    for (const [r, reply] of replies.entries()) {
      const plan = readers[r]!
      const reader = this.#keyOf(plan)
      if ('reason' in reply) {
        this.#failed(reader, reply)
        continue
      }
      this.#failures.delete(reader)
      this.#add(reply.added)
      if (!('readers' in reply)) continue
      this.#count('onWorkers')
      this.#repliedFor(plan as KeepPlan, reply.readers)
    }
  }

  #add(added: Uint8Array | undefined): void {
    if (added !== undefined) this.#accumulators?.merge(decodeValue(added) as Additions)
  }

  #maySend(plan: AnyPlan | ReaderPlan): boolean {
    return this.#failures.size === 0 || (this.#failures.get(this.#keyOf(plan)) ?? 0) < MOST_FAILURES
  }

  #failed(stage: string, { forGood, reason, other }: TaskFailure): void {
    if (other !== undefined && !this.#others.has(other)) {
      this.#others.add(other)
      this.#logger?.warn({}, `What ${other} makes is done in this thread from now on, since ${reason}`)
    }
    this.#failures.set(stage, forGood ? Infinity : (this.#failures.get(stage) ?? 0) + 1)
  }

  #keyOf(plan: AnyPlan | ReaderPlan): string {
    const known = this.#keys.get(plan)
    if (known !== undefined) return known
    const key = withoutTimes(JSON.stringify(plan))
    this.#keys.set(plan, key)
    return key
  }

  #count(which: keyof TaskFigures): void {
    this.#figures = { ...this.#figures, [which]: this.#figures[which] + 1 }
  }
}

/** A split is worth a task whatever is in it: what has to be read is unknown, and takes time of its own. */
function bytesOf({ input }: Task): number {
  if ('split' in input) return LEAST_BYTES
  // A copy that a worker has would be lost by an update here, however small that is.
  if ('state' in input) return input.state.base === undefined ? LEAST_BYTES : input.state.keys * BYTES_OF_RECORD
  return 'encoded' in input ? input.encoded.bytes.length : input.records.length * BYTES_OF_RECORD
}
