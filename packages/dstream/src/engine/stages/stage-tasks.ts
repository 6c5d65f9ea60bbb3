import type { MaybePromise } from '../../base/maybe-promise.js'
import { decodeValue } from '../../durable/codec/value-codec.js'
import type { TaskFigures } from '../../observe/progress.js'
import { PairColumns } from '../../rdd/execution/pair-columns.js'
import type { AnyFunction, PairTable } from '../../rdd/plan/lineage.js'
import type { FunctionAddress, MapSide, StageRunner, Task } from '../../rdd/plan/stage-runner.js'
import { functionAddresses } from '../../streams/graph/function-table.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { WorkerFrame } from './frames.js'
import { TaskQueue, type TaskPool } from './task-queue.js'

type Done = Extract<WorkerFrame, { readonly type: 'done' }>

/** A partition whose combination has failed here. */
class FailedHere {
  constructor(readonly error: unknown) {}
}

/** A table, or `undefined` where the task is to be done here. */
type Outcome = PairTable | FailedHere | undefined

/** The failed tasks of a stage in a row from which on all of its tasks are done here. */
const MOST_FAILURES = 8
/** The bytes of a stage below which sending them would take longer than the work, and those that a record counts for. */
const FEWEST_BYTES = 4096
const BYTES_OF_RECORD = 256

/**
 * Runs map sides as stages, in this thread and in the workers of a pool. Each partition is combined on its own, and the tables
 * are merged in order of the partitions, so that the result is the same for any number of workers.
 */
export class StageTasks implements StageRunner {
  #addresses: ReadonlyMap<AnyFunction, FunctionAddress> | undefined
  #pool: TaskPool | undefined
  /** The failures in a row by stage; infinite for one whose tasks can only be done here. */
  readonly #failures = new Map<string, number>()
  #figures: TaskFigures = { onMainThread: 0, onWorkers: 0, repeated: 0 }

  /** Opens the functions of a complete graph, before its first batch. */
  async open(graph: Graph): Promise<void> {
    this.#addresses = await functionAddresses(graph)
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

  takes(side: MapSide): boolean {
    if (side.numPartitions < 2) return false
    for (let i = 0; i < side.numPartitions; i++) if (this.#taskOf(side, i) !== undefined) return true
    return false
  }

  async run(side: MapSide, merge: (table: PairTable) => MaybePromise<void>): Promise<void> {
    const outcomes: MaybePromise<Outcome>[] = []
    const here: number[] = []
    const tasks: Task[] = []
    for (let i = 0; i < side.numPartitions; i++) {
      const task = this.#taskOf(side, i)
      if (task === undefined || !this.#maySend(task)) here.push(i)
      else tasks.push(task)
    }
    if (tasks.reduce((sum, task) => sum + bytesOf(task), 0) < FEWEST_BYTES) {
      here.push(...tasks.splice(0).map(({ partition }) => partition))
      here.sort((a, b) => a - b)
    }
    const queue = new TaskQueue(tasks.map((task) => this.#queued(task, outcomes)))
    this.#pool?.queues.add(queue)
    try {
      await this.#combineHere(side, here, queue, outcomes)
      for (let i = 0; i < side.numPartitions; i++) {
        const outcome = await outcomes[i]
        if (outcome instanceof FailedHere) throw outcome.error
        await merge(outcome ?? (await this.#repeat(side, i)))
      }
    } finally {
      this.#pool?.queues.delete(queue)
    }
  }

  /** Combines partitions in this thread as long as there are any that no worker has begun. */
  async #combineHere(
    side: MapSide,
    here: readonly number[],
    queue: TaskQueue,
    outcomes: MaybePromise<Outcome>[],
  ): Promise<void> {
    let limit = side.numPartitions
    let next = 0
    for (;;) {
      const i = next < here.length ? here[next++]! : queue.next()?.task.partition
      if (i === undefined) return
      // One thread would not have come to it.
      if (i > limit) continue
      try {
        outcomes[i] = await side.combine(i)
        this.#count('onMainThread')
      } catch (error) {
        outcomes[i] = new FailedHere(error)
        limit = Math.min(limit, i)
        queue.dropAfter(limit)
      }
    }
  }

  async #repeat(side: MapSide, partition: number): Promise<PairTable> {
    this.#count('repeated')
    return side.combine(partition)
  }

  #queued(task: Task, outcomes: MaybePromise<Outcome>[]): ConstructorParameters<typeof TaskQueue>[0][number] {
    let settled!: (outcome: Outcome) => void
    outcomes[task.partition] = new Promise<Outcome>((resolve) => (settled = resolve))
    const stage = keyOfStage(task)
    return {
      task,
      settle: (reply) => {
        if (reply?.type === 'done') {
          this.#failures.delete(stage)
          this.#count('onWorkers')
          settled(tableOfReply(task, reply))
          return
        }
        if (reply !== undefined) {
          this.#failures.set(stage, reply.forGood ? Infinity : (this.#failures.get(stage) ?? 0) + 1)
        }
        settled(undefined)
      },
    }
  }

  #maySend(task: Task): boolean {
    if (this.#pool === undefined || this.#pool.size === 0) return false
    return (this.#failures.get(keyOfStage(task)) ?? 0) < MOST_FAILURES
  }

  #taskOf(side: MapSide, partition: number): Task | undefined {
    const addresses = this.#addresses
    return addresses === undefined ? undefined : side.taskOf(partition, (f) => addresses.get(f))
  }

  #count(which: keyof TaskFigures): void {
    this.#figures = { ...this.#figures, [which]: this.#figures[which] + 1 }
  }
}

function keyOfStage({ plan }: Task): string {
  return JSON.stringify(plan)
}

function bytesOf({ input }: Task): number {
  return 'encoded' in input ? input.encoded.bytes.length : input.records.length * BYTES_OF_RECORD
}

/** Returns the table of a reply, and adds its counts to those of the steps. */
function tableOfReply(task: Task, { table, taken, given }: Done): PairTable {
  task.count(taken, given)
  const [keys, values] = decodeValue(table) as [unknown[], unknown[]]
  return new PairColumns(keys, values)
}
