import type { Logger } from '../../base/ports.js'
import { decodeValue } from '../../durable/codec/value-codec.js'
import type { TaskFigures } from '../../observe/progress.js'
import type { Accumulators, Additions } from '../../rdd/plan/accumulators.js'
import type { AnyPlan, Division, KeepPlan, ReaderPlan, Task } from '../../rdd/plan/stage-runner.js'
import { withoutTimes } from './body-runs.js'
import type { ReaderReply, TaskFailure } from './frames.js'
import type { WorkNotes } from './shared-work.js'
import type { Reply } from './task-queue.js'

/** The failed tasks of a stage in a row from which on all of its tasks are done here. */
const MOST_FAILURES = 8
/** The small tables of a map side in a row from which on its tasks may not leave tables, until there is a large one again. */
const MANY_SMALL = 256
const NO_TASKS: TaskFigures = { onMainThread: 0, onWorkers: 0, repeated: 0 }

/** What is known of the stages of a program by their tasks: where they were done, and which of them can only be done here. */
export class StageNotes implements WorkNotes {
  /** The failures in a row by stage; infinite for one whose tasks can only be done here. */
  readonly #failures = new Map<string, number>()
  /** The small tables in a row by stage. */
  readonly #smallTables = new Map<string, number>()
  /** The key of each plan, which is one object for many partitions. */
  readonly #keys = new WeakMap<AnyPlan | ReaderPlan, string>()
  /** The operators whose functions over RDDs have built something else in a worker. */
  readonly #others = new Set<string>()
  #accumulators: Accumulators | undefined
  #logger: Logger | undefined
  #figures = NO_TASKS

  /** Sets where additions to accumulators and warnings go. */
  open(program: { readonly accumulators: Accumulators | undefined; readonly logger: Logger | undefined }): void {
    this.#accumulators = program.accumulators
    this.#logger = program.logger
  }

  /** Returns the counts of tasks since the last call. */
  takeFigures(): TaskFigures {
    const figures = this.#figures
    this.#figures = NO_TASKS
    return figures
  }

  doneHere(isRepeated: boolean): void {
    this.count(isRepeated ? 'repeated' : 'onMainThread')
  }

  replied(task: Task, reply: Reply): void {
    const stage = this.stageOf(task.plan)
    if (reply.type === 'failed') {
      // Another attempt at the same stage may well be done there.
      const isCounted = task.signal?.aborted !== true
      if (isCounted) this.#failed(stage, reply)
      return
    }
    this.#failures.delete(stage)
    // A table that stays where it was made may still be lost.
    if (reply.type === 'wanting' || reply.type === 'left') return
    this.#add(reply.added)
    if (reply.type === 'kept') this.#repliedFor(task.plan as KeepPlan, reply.readers)
    this.count('onWorkers')
  }

  /** Notes how large the table of a task is. */
  hadTable(plan: AnyPlan, reply: Reply, { mostBytes }: Division): void {
    if (reply.type === 'done' || reply.type === 'left') {
      const isLarge = reply.type === 'left' || reply.table.length > mostBytes
      this.#smallTables.set(this.stageOf(plan), isLarge ? 0 : (this.#smallTables.get(this.stageOf(plan)) ?? 0) + 1)
    }
  }

  /** Whether the last tables of a map side were small, several in a row. */
  hasSmallTables(plan: AnyPlan): boolean {
    return (this.#smallTables.get(this.stageOf(plan)) ?? 0) >= MANY_SMALL
  }

  /** Counts a task whose table has stayed where it was made, and was not lost. */
  kept({ added }: Extract<Reply, { readonly type: 'left' }>): void {
    this.#add(added)
    this.count('onWorkers')
  }

  /**
   * Notes which readers of kept records have failed: each of them is done here on its own in the end. Further records count as a
   * task; a map side counts once it takes its table.
   */
  #repliedFor({ readers }: KeepPlan, replies: readonly ReaderReply[]): void {
    for (const [r, reply] of replies.entries()) {
      const plan = readers[r]!
      const reader = this.stageOf(plan)
      if ('reason' in reply) {
        this.#failed(reader, reply)
        continue
      }
      this.#failures.delete(reader)
      this.#add(reply.added)
      if (!('readers' in reply)) continue
      this.count('onWorkers')
      this.#repliedFor(plan as KeepPlan, reply.readers)
    }
  }

  #add(added: Uint8Array | undefined): void {
    if (added !== undefined) this.#accumulators?.merge(decodeValue(added) as Additions)
  }

  maySend(plan: AnyPlan | ReaderPlan): boolean {
    return this.#failures.size === 0 || (this.#failures.get(this.stageOf(plan)) ?? 0) < MOST_FAILURES
  }

  #failed(stage: string, { forGood, reason, other }: TaskFailure): void {
    if (other !== undefined && !this.#others.has(other)) {
      this.#others.add(other)
      this.#logger?.warn({}, `What ${other} makes is done in this thread from now on, since ${reason}`)
    }
    this.#failures.set(stage, forGood ? Infinity : (this.#failures.get(stage) ?? 0) + 1)
  }

  /** Returns the same text for all plans of a stage, in whichever batch. */
  stageOf(plan: AnyPlan | ReaderPlan): string {
    const known = this.#keys.get(plan)
    if (known !== undefined) return known
    const key = withoutTimes(JSON.stringify(plan))
    this.#keys.set(plan, key)
    return key
  }

  count(which: keyof TaskFigures): void {
    this.#figures = { ...this.#figures, [which]: this.#figures[which] + 1 }
  }
}
