import type { PackingRule } from '../../base/packing-rule.js'
import type { MergePlan, Task } from '../../rdd/plan/stage-runner.js'
import type { WorkerFrame } from './frames.js'

/** The reply of a worker to a task. */
export type Reply = Exclude<WorkerFrame, { readonly type: 'ready' }>

/** The bytes of a stage below which sending them would take longer than the work. */
export const LEAST_BYTES = 4096

export const PACKING: PackingRule = { afterUpdates: 8, leastBytes: 1 << 16 }

/** A task with the receiver of its reply: `undefined` where no worker has done it. */
export interface QueuedTask {
  readonly task: Task
  readonly settle: (reply: Reply | undefined) => void
}

/** Returns the number of the partition of a state to which a task is bound; `undefined` for a task that any worker may do. */
export function boundTo({ task }: QueuedTask): number | undefined {
  return 'state' in task.plan ? task.plan.partition : undefined
}

/** The blocks that the tasks of stages have left where they were done, by the queue of the stage. */
export interface LeftBlocks {
  /** See `ClusterBlocks.mostSent`. */
  readonly mostSent: number | undefined
  /**
   * Merges blocks by bucket, in order of their partitions. Resolves to the replies by bucket; to `undefined` where some bucket was
   * not merged.
   */
  merge(queue: TaskQueue, merge: BlockMerge): Promise<ReadonlyMap<number, Reply> | undefined>
  /** Resolves to the blocks of partitions; without those that are lost. */
  fetch(queue: TaskQueue, partitions: readonly number[]): Promise<ReadonlyMap<number, readonly Uint8Array[]>>
}

/** The blocks of all partitions of a map side. */
export interface AllBlocks {
  /** The partitions whose tasks have left their blocks. */
  readonly left: readonly number[]
  /** The blocks of further partitions by bucket; one without bytes is empty. */
  readonly added: readonly { readonly partition: number; readonly blocks: readonly Uint8Array[] }[]
}

/** A merge of blocks. */
export interface BlockMerge extends AllBlocks {
  /** The task of each bucket. */
  readonly task: Task<MergePlan>
  readonly buckets: number
}

/** The blocks that the tasks of a queue are given: those of a bucket for the partition of that number. */
export interface TasksOver extends AllBlocks {
  /** The queue of the stage that has left them. */
  readonly queue: TaskQueue
}

/** What runs tasks beside the thread of the batches. */
export interface TaskPool {
  /** The number of workers now; with none, all tasks are done in this thread. */
  readonly size: number
  /** The bytes of a stage below which sending them takes longer than the work. */
  readonly leastBytes: number
  readonly packing?: PackingRule | undefined
  /** Whether this thread does a share of the updates of states, rather than leave all of them to the pool. */
  readonly sharesStates: boolean
  /** Present where tasks can leave blocks where they were done. */
  readonly leftBlocks?: LeftBlocks | undefined
  readonly queues: {
    /** Offers the tasks of a stage. The thread of the batches takes those that are left in the queue. */
    add(queue: TaskQueue): void
    /** The stage has ended, with or without all of its tasks. */
    delete(queue: TaskQueue): void
  }
  /** Takes tasks of blocks before their batch; `undefined` where a task is worth its own only with others. */
  readonly early?: EarlyQueue | undefined
}

/** The tasks that have no batch yet. They wait for all others. */
export interface EarlyQueue {
  add(task: QueuedTask): void
  /** Returns whether no worker has begun the task, which none will then begin. */
  withdraw(task: QueuedTask): boolean
}

/** The tasks of one stage that no thread has begun, in order of their partitions. */
export class TaskQueue {
  /** The blocks that the tasks are given; `undefined` for none. */
  readonly over: TasksOver | undefined
  #tasks: QueuedTask[]

  constructor(tasks: readonly QueuedTask[], over?: TasksOver) {
    this.#tasks = [...tasks]
    this.over = over
  }

  get size(): number {
    return this.#tasks.length
  }

  /** The task that `next` would take. */
  get first(): QueuedTask | undefined {
    return this.#tasks[0]
  }

  next(fits: (task: QueuedTask) => boolean = () => true): QueuedTask | undefined {
    const index = this.#tasks.findIndex(fits)
    return index < 0 ? undefined : this.#tasks.splice(index, 1)[0]
  }

  add(task: QueuedTask): void {
    this.#tasks.push(task)
  }

  /** Returns whether the task was waiting. */
  remove(task: QueuedTask): boolean {
    const index = this.#tasks.indexOf(task)
    if (index >= 0) this.#tasks.splice(index, 1)
    return index >= 0
  }

  /** Drops the tasks of partitions behind one that has failed. */
  dropAfter(partition: number): void {
    const dropped = this.#tasks.filter(({ task }) => task.partition >= partition)
    this.#tasks = this.#tasks.filter(({ task }) => task.partition < partition)
    for (const { settle } of dropped) settle(undefined)
  }
}

/** The queues of all stages that run, and behind them the tasks that have no batch yet. */
export class TaskQueues {
  readonly #queues = new Set<TaskQueue>()
  readonly #early = new TaskQueue([])
  readonly #added: () => void

  /** @param added is called when there are new tasks */
  constructor(added: () => void) {
    this.#added = added
  }

  get size(): number {
    let { size } = this.#early
    for (const queue of this.#queues) size += queue.size
    return size
  }

  add(queue: TaskQueue): void {
    this.#queues.add(queue)
    this.#added()
  }

  delete(queue: TaskQueue): void {
    this.#queues.delete(queue)
  }

  readonly early: EarlyQueue = {
    add: (task) => {
      this.#early.add(task)
      this.#added()
    },
    withdraw: (task) => this.#early.remove(task),
  }

  /** Takes the first task that fits, of the oldest stage that has one. */
  next(fits?: (task: QueuedTask) => boolean): QueuedTask | undefined {
    for (const queue of this.#queues) {
      const task = queue.next(fits)
      if (task !== undefined) return task
    }
    return this.#early.next(fits)
  }
}
