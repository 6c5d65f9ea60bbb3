import type { Task } from '../../rdd/plan/stage-runner.js'
import type { WorkerFrame } from './frames.js'

/** The reply of a worker to a task. */
export type Reply = Exclude<WorkerFrame, { readonly type: 'ready' }>

/** The bytes of a stage below which sending them would take longer than the work. */
export const LEAST_BYTES = 4096

/** A task with the receiver of its reply: `undefined` where no worker has done it. */
export interface QueuedTask {
  readonly task: Task
  readonly settle: (reply: Reply | undefined) => void
}

/** What runs tasks beside the thread of the batches. */
export interface TaskPool {
  /** The number of workers now; with none, all tasks are done in this thread. */
  readonly size: number
  /** The bytes of a stage below which sending them takes longer than the work. */
  readonly leastBytes: number
  readonly queues: {
    /** Offers the tasks of a stage. The thread of the batches takes those that are left in the queue. */
    add(queue: TaskQueue): void
    /** The stage has ended, with or without all of its tasks. */
    delete(queue: TaskQueue): void
  }
}

/** The tasks of one stage that no thread has begun, in order of their partitions. */
export class TaskQueue {
  #tasks: QueuedTask[]

  constructor(tasks: readonly QueuedTask[]) {
    this.#tasks = [...tasks]
  }

  get size(): number {
    return this.#tasks.length
  }

  /** The task that `next` would take. */
  get first(): QueuedTask | undefined {
    return this.#tasks[0]
  }

  next(): QueuedTask | undefined {
    return this.#tasks.shift()
  }

  /** Drops the tasks of partitions behind one that has failed. */
  dropAfter(partition: number): void {
    const dropped = this.#tasks.filter(({ task }) => task.partition >= partition)
    this.#tasks = this.#tasks.filter(({ task }) => task.partition < partition)
    for (const { settle } of dropped) settle(undefined)
  }
}

/** The queues of all stages that run. */
export class TaskQueues {
  readonly #queues = new Set<TaskQueue>()
  readonly #added: () => void

  /** @param added is called when there are new tasks */
  constructor(added: () => void) {
    this.#added = added
  }

  get size(): number {
    let size = 0
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

  /** Takes the first task of the oldest stage. */
  next(): QueuedTask | undefined {
    for (const queue of this.#queues) if (queue.size > 0) return queue.next()
    return undefined
  }
}
