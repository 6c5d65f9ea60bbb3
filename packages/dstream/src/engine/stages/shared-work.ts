import { chain, type MaybePromise } from '../../base/maybe-promise.js'
import type { Task } from '../../rdd/plan/stage-runner.js'
import { TaskQueue, type QueuedTask, type Reply, type TasksOver } from './task-queue.js'

/** The error with which a partition has failed for good. */
export class Failed {
  constructor(readonly error: unknown) {}
}

/** A result, or `undefined` where the partition is to be done here. */
export type Outcome<R> = R | Failed | undefined

/** The partitions of a stage, which this thread and workers share. */
export interface Work<R extends object> {
  /** In order. */
  readonly partitions: readonly number[]
  /** The outcomes that are known, or under way, before the stage begins; `undefined` for a partition that is to be done here once more. */
  readonly known?: ReadonlyMap<number, MaybePromise<Outcome<R>>>
  /** Whether this thread leaves the tasks to the workers, which have something that belongs to them. */
  readonly leavesTasks?: boolean
  /** The blocks that the tasks are given, where there are any. */
  readonly over?: TasksOver | undefined
  /** Returns the task with which the worker is to be asked again after this reply; `undefined` for none. */
  again?(task: Task, reply: Reply): Task | undefined
  /** Does a partition in this thread. */
  here(partition: number): MaybePromise<R>
  /** Returns the result of a worker; `undefined` where the partition is to be done here. */
  resultOf(task: Task, reply: Reply): R | Failed | undefined
}

/** The result of what has none: a call, and a partition that is kept where it was evaluated. */
export const DONE = {}

/** Does partitions in this thread by a function that has no result. */
export function doneBy(f: (partition: number) => MaybePromise<void>): Work<object>['here'] {
  return (partition) => chain(f(partition), () => DONE)
}

/** The notes that are taken of the tasks of a stage. */
export interface WorkNotes {
  /** A partition was done in this thread, or once more in this thread. */
  doneHere(isRepeated: boolean): void
  /** A worker has replied. */
  replied(task: Task, reply: Reply): void
}

/** The run of one stage: this thread does partitions as long as there are any that no worker has begun. */
export class SharedWork<R extends object> {
  readonly queue: TaskQueue
  readonly #work: Work<R>
  readonly #here: readonly number[]
  readonly #notes: WorkNotes
  readonly #outcomes = new Map<number, MaybePromise<Outcome<R>>>()
  /** The first partition that has failed: one thread would not have come to those behind it. */
  #limit = Infinity

  /** @param tasks those that workers may take; this thread begins with all other partitions */
  constructor(work: Work<R>, tasks: readonly Task[], notes: WorkNotes) {
    const { known = new Map<number, MaybePromise<Outcome<R>>>() } = work
    const open = tasks.filter(({ partition }) => !known.has(partition))
    const shared = new Set(open.map(({ partition }) => partition))
    this.#work = work
    this.#here = work.partitions.filter((i) => !shared.has(i) && !known.has(i))
    this.#notes = notes
    this.queue = new TaskQueue(
      open.map((task) => this.#queued(task)),
      work.over,
    )
    for (const [i, outcome] of known) {
      this.#outcomes.set(i, outcome instanceof Failed ? this.#failed(i, outcome.error) : outcome)
    }
  }

  /** Gives `use` the result of each partition, in order of the partitions. @throws the error of the first that has failed */
  async run(use: (result: R, partition: number) => MaybePromise<void>): Promise<void> {
    await this.#doHere()
    for (const i of this.#work.partitions) {
      const outcome = await this.#outcomes.get(i)
      if (outcome instanceof Failed) throw outcome.error
      await use(outcome ?? (await this.#repeat(i)), i)
    }
  }

  /** Resolves when no worker is at a partition any more. */
  async settled(): Promise<void> {
    this.queue.dropAfter(-1)
    for (const outcome of this.#outcomes.values()) await outcome
  }

  async #doHere(): Promise<void> {
    let next = 0
    for (;;) {
      const i = next < this.#here.length ? this.#here[next++]! : this.#takeTask()
      if (i === undefined) return
      if (i > this.#limit) continue
      try {
        this.#outcomes.set(i, await this.#work.here(i))
        this.#notes.doneHere(false)
      } catch (error) {
        this.#outcomes.set(i, this.#failed(i, error))
      }
    }
  }

  #takeTask(): number | undefined {
    return this.#work.leavesTasks === true ? undefined : this.queue.next()?.task.partition
  }

  async #repeat(partition: number): Promise<R> {
    this.#notes.doneHere(true)
    return this.#work.here(partition)
  }

  #failed(partition: number, error: unknown): Failed {
    this.#limit = Math.min(this.#limit, partition)
    this.queue.dropAfter(this.#limit)
    return new Failed(error)
  }

  #queued(task: Task): QueuedTask {
    let settled!: (outcome: Outcome<R>) => void
    this.#outcomes.set(task.partition, new Promise<Outcome<R>>((resolve) => (settled = resolve)))
    return this.#asked(task, settled)
  }

  #asked(task: Task, settled: (outcome: Outcome<R>) => void): QueuedTask {
    return {
      task,
      settle: (reply) => {
        if (reply === undefined) return settled(undefined)
        const again = this.#work.again?.(task, reply)
        if (again !== undefined) {
          if (task.partition < this.#limit) this.queue.add(this.#asked(again, settled))
          else settled(undefined)
          return
        }
        this.#notes.replied(task, reply)
        const result = this.#work.resultOf(task, reply)
        settled(result instanceof Failed ? this.#failed(task.partition, result.error) : result)
      },
    }
  }
}
