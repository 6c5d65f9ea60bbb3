import { errorOf } from '../../base/errors/plain-error.js'
import type { MaybePromise } from '../../base/maybe-promise.js'
import type { PackingRule } from '../../base/packing-rule.js'
import { decodeValue } from '../../durable/codec/value-codec.js'
import type { TaskFigures } from '../../observe/progress.js'
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
  LeftTables,
  MapSide,
  MergedElsewhere,
  MergePlan,
  Merging,
  PartitionCalls,
  ReaderPlan,
  ReceivedBytes,
  StagePlan,
  StageRunner,
  StateUpdates,
  Task,
} from '../../rdd/plan/stage-runner.js'
import { addressed } from '../../rdd/stages/task.js'
import { functionAddresses } from '../../streams/graph/function-table.js'
import type { Graph } from '../../streams/graph/graph.js'
import { movable } from '../../streams/graph/texts/movable.js'
import type { BodyText } from '../../streams/graph/texts/repeatable-body.js'
import { BodyRuns } from './body-runs.js'
import { EarlyTasks } from './early-tasks.js'
import { LeftShuffle } from './left-shuffle.js'
import { Made, madeOf, tableOf, Updated, type Left } from './replies.js'
import { DONE, doneBy, Failed, SharedWork, type Outcome, type Work } from './shared-work.js'
import { divisionFor, Shuffle, type MergingElsewhere } from './shuffle.js'
import { StageNotes } from './stage-notes.js'
import type { StageProgram } from './stage-program.js'
import { bytesOf } from './task-bytes.js'
import { PACKING, type Reply, type TaskPool } from './task-queue.js'

/** The addresses of the functions that workers may call. */
export type FunctionAddresses = ReadonlyMap<AnyFunction, FunctionAddress>

/**
 * Runs map sides as stages, in this thread and in the workers of a pool. Each partition is combined on its own, and the tables
 * are merged in order of the partitions, so that the result is the same for any number of workers. The calls of outputs by
 * partition are shared in the same way.
 */
export class StageTasks implements StageRunner {
  #addresses: FunctionAddresses | undefined
  #bodies: BodyRuns | undefined
  readonly #notes = new StageNotes()
  readonly #early = new EarlyTasks(this.#notes)
  #broadcasts: Broadcasts | undefined
  #pool: TaskPool | undefined

  get hasWorkers(): boolean {
    return this.#pool !== undefined && this.#pool.size > 0
  }

  get packing(): PackingRule {
    return this.#pool?.packing ?? PACKING
  }

  get keepsTables(): boolean {
    return this.hasWorkers && this.#pool!.leftBlocks !== undefined
  }

  /** Opens the functions of a complete graph, before its first batch. Returns those that workers may call. */
  async open(graph: Graph, program: StageProgram = {}): Promise<FunctionAddresses> {
    const { accumulators, broadcasts, definition, logger } = program
    this.#notes.open({ accumulators, logger })
    this.#broadcasts = broadcasts
    // The parser is loaded here, since a plain import of the library must not wait for it.
    const { parse } = await import('acorn')
    const mayMove = movable(definition, parse)
    this.#bodies = new BodyRuns(graph, definition, { parse, mayMove })
    return (this.#addresses = functionAddresses(graph, mayMove))
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
    return this.#notes.takeFigures()
  }

  takes(side: Divided): boolean {
    if (this.#addresses === undefined || side.numPartitions < 2) return false
    for (let i = 0; i < side.numPartitions; i++) if (side.mayMove(i, this.#addressOf)) return true
    return false
  }

  begin(block: ReceivedBytes): void {
    this.#early.begin(block, this.#pool)
  }

  newBatch(stream: number): void {
    this.#early.newBatch(stream)
  }

  keep(records: KeptRecords): Promise<void> | undefined {
    const { partitions } = records
    if (!this.hasWorkers || partitions.length < 2) return undefined
    const mayRide = (reader: ReaderPlan): boolean => this.#notes.maySend(reader)
    const tasks = this.#tasksOf(partitions, (i) => records.taskOf(i, this.#addressOf, mayRide))
    if (tasks.length === 0) return undefined
    const resultOf = (task: Task, reply: Reply): Made | undefined => {
      if (reply.type !== 'kept') return undefined
      task.count(reply)
      return madeOf(reply)
    }
    const known = this.#madeEarly(tasks, resultOf)
    const work: Work<object> = { partitions, known, here: doneBy((i) => records.evaluate(i)), resultOf }
    const shared = new SharedWork(work, tasks, this.#notes)
    return this.#share(shared, () =>
      shared.run((made, i) => (made instanceof Made ? records.adopt(i, made) : undefined)),
    )
  }

  async run(side: MapSide, merging: Merging): Promise<MergedElsewhere | LeftTables | undefined> {
    if (this.hasWorkers) await side.prepare(this.#addressOf)
    const partitions = Array.from({ length: side.numPartitions }, (_, i) => i)
    const tasks = this.#tasksOf(partitions, (i) => side.taskOf(i, this.#addressOf))
    const elsewhere = tasks.length === 0 ? undefined : this.#mergingElsewhere(side)
    const division = elsewhere && divisionFor(side.reduce.buckets, tasks.length, elsewhere.blocks.mostSent)
    const resultOf = (task: Task, reply: Reply): PairTable | Left | undefined => {
      if (division !== undefined) this.#notes.hadTable(task.plan, reply, division)
      return tableOf(task, reply, (left) => this.#notes.kept(left))
    }
    const known = new Map([...this.#madeEarly(tasks, resultOf), ...this.#madeFor(side, partitions)])
    const work: Work<PairTable | Left> = { partitions, known, here: (i) => side.combine(i), resultOf }
    // A cluster has to keep what tasks may leave, which costs more than the stage of a small table.
    const divides = division !== undefined && !this.#notes.hasSmallTables(tasks[0]!.plan)
    const shared = new SharedWork(work, divides ? tasks.map((task) => ({ ...task, division })) : tasks, this.#notes)
    const end = this.#offer(shared)
    return new Shuffle({ side, merging, elsewhere: divides ? elsewhere : undefined, notes: this.#notes, end }).run(
      shared,
    )
  }

  /** Returns how the tables of a map side are merged where they stay; `undefined` where this thread merges all of them. */
  #mergingElsewhere({ reduce }: MapSide): MergingElsewhere | undefined {
    const blocks = this.#pool?.leftBlocks
    const combiners = reduce.merge === undefined ? null : addressed(reduce.merge, this.#addressOf)
    if (blocks === undefined || combiners === undefined) return undefined
    const plan: MergePlan = { combiners, keepsOrder: reduce.keepsOrder }
    const bodies = this.#bodies?.runsOf(plan)
    if (bodies === undefined || !this.#notes.maySend(plan)) return undefined
    const broadcasts = this.#broadcasts?.digests()
    const task = { partition: 0, plan, input: { records: [] }, bodies, broadcasts, count: () => undefined }
    return { blocks, task }
  }

  async call(calls: PartitionCalls): Promise<void> {
    const { partitions } = calls
    if (this.hasWorkers && partitions.length > 1) await calls.prepare(this.#addressOf)
    const work: Work<object> = {
      partitions,
      here: doneBy((i) => calls.call(i)),
      resultOf: (task, reply) => {
        if (reply.type !== 'called' && reply.type !== 'saved') return undefined
        task.count(reply)
        if (reply.type === 'saved') calls.called(task.partition, reply.file)
        else if (reply.threw !== undefined) return new Failed(errorOf(reply.threw))
        else calls.called(task.partition, reply.returned && decodeValue(reply.returned))
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
    const { partitions, numPartitions, left } = updates
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
      over: left instanceof LeftShuffle ? left.over : undefined,
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
  #madeFor(side: MapSide, partitions: readonly number[]): ReadonlyMap<number, MaybePromise<Outcome<PairTable | Left>>> {
    const known = new Map<number, Outcome<PairTable>>()
    for (const i of partitions) {
      const made = side.takeMade(i)
      if (made === undefined) continue
      if ('table' in made) this.#notes.count(made.by === 'worker' ? 'onWorkers' : 'onMainThread')
      known.set(i, 'table' in made ? made.table : 'error' in made ? new Failed(made.error) : undefined)
    }
    return known
  }

  /** Returns what workers have made of blocks before this batch, or are making; `undefined` for what is to be done here. */
  #madeEarly<R>(
    tasks: readonly Task<StagePlan | KeepPlan>[],
    resultOf: (task: Task, reply: Reply) => R | undefined,
  ): ReadonlyMap<number, Promise<R | undefined>> {
    this.#early.learn(tasks)
    const made = new Map<number, Promise<R | undefined>>()
    for (const task of tasks) {
      const reply = this.#early.take(task, this.#pool)
      if (reply === undefined) continue
      const result = reply.then((early) => {
        if (early === undefined) return undefined
        this.#notes.replied(task, early)
        return resultOf(task, early)
      })
      made.set(task.partition, result)
    }
    return made
  }

  readonly #addressOf: AddressOf = (f) => this.#addresses?.get(f) ?? this.#bodies?.addressOf(f)

  /** Returns the tasks for workers; none where sending them would take longer than the work. */
  #tasksOf<P extends AnyPlan>(
    partitions: readonly number[],
    taskOf: (partition: number) => Task<P> | undefined,
  ): readonly Task<P>[] {
    if (!this.hasWorkers) return []
    const tasks = partitions.map(taskOf).flatMap((task) => {
      const bodies = task && this.#bodies?.runsOf(task.plan)
      if (bodies === undefined || !this.#notes.maySend(task!.plan)) return []
      return bodies.length === 0 ? [task!] : [{ ...task!, bodies }]
    })
    if (tasks.reduce((sum, task) => sum + bytesOf(task), 0) < this.#pool!.leastBytes) return []
    const broadcasts = this.#broadcasts?.digests()
    return broadcasts === undefined || broadcasts.length === 0 ? tasks : tasks.map((task) => ({ ...task, broadcasts }))
  }

  /** Lets workers take the tasks of a stage while it runs. */
  async #share<R>(shared: SharedWork<object>, run: () => Promise<R>): Promise<R> {
    const end = this.#offer(shared)
    try {
      return await run()
    } finally {
      end()
    }
  }

  /** Lets workers take the tasks of a stage, until it is ended. */
  #offer({ queue }: SharedWork<object>): () => void {
    const pool = this.#pool
    pool?.queues.add(queue)
    return () => pool?.queues.delete(queue)
  }
}
