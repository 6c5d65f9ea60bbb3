import type { KeepPlan, ReceivedBytes, StagePlan, Task } from '../../rdd/plan/stage-runner.js'
import type { StageNotes } from './stage-notes.js'
import type { QueuedTask, Reply, TaskPool } from './task-queue.js'

/** The plan of a stage whose tasks may begin before their batch. */
type EarlyPlan = StagePlan | KeepPlan

/** A task that was offered to workers before the batch of its block. */
interface EarlyTask {
  readonly queued: QueuedTask
  readonly reply: Promise<Reply | undefined>
}

/** A stage that the last batch of a stream has run over its blocks. */
interface LastStage {
  readonly plan: EarlyPlan
  /** Whether the batch under way has run it too. */
  isRun: boolean
}

/**
 * Lets workers begin with the blocks of receivers as soon as they are stored, by the stages that the last batch has run over its
 * blocks. A block is a task of its own, before its batch as in it, so that the results are the same. A batch takes a result only for
 * the same stage. What a worker has failed to do, or has not begun, is left to the batch.
 */
export class EarlyTasks {
  readonly #notes: StageNotes
  /** By stream and stage. */
  readonly #stages = new Map<number, Map<string, LastStage>>()
  /** By block and stage. */
  readonly #begun = new WeakMap<Uint8Array, Map<string, EarlyTask>>()

  constructor(notes: StageNotes) {
    this.#notes = notes
  }

  /** Offers the tasks of a block that is stored. */
  begin(block: ReceivedBytes, pool: TaskPool | undefined): void {
    const stages = this.#stages.get(block.codec.stream)
    if (stages === undefined || pool?.early === undefined || pool.size === 0) return
    if (block.bytes.length < pool.leastBytes) return
    const begun = new Map<string, EarlyTask>()
    for (const [stage, { plan }] of stages) {
      if (!this.#notes.maySend(plan)) continue
      const task = earlyTask(block, plan)
      begun.set(stage, task)
      pool.early.add(task.queued)
    }
    if (begun.size > 0) this.#begun.set(block.bytes, begun)
  }

  /** Notes that a batch of a stream is made. What the last one has not run over its blocks is not begun early any more. */
  newBatch(stream: number): void {
    const stages = this.#stages.get(stream)
    stages?.forEach((last, stage) => {
      if (last.isRun) last.isRun = false
      else stages.delete(stage)
    })
  }

  /** Learns which stages a batch runs over the blocks of streams. */
  learn(tasks: readonly Task<EarlyPlan>[]): void {
    for (const { plan, input, bodies, broadcasts } of tasks) {
      // What depends on the batch, or on what the driver has by then, waits for the batch.
      if (!('encoded' in input) || bodies !== undefined || broadcasts !== undefined) continue
      const { stream } = input.encoded.codec
      const stages = this.#stages.get(stream) ?? new Map<string, LastStage>()
      this.#stages.set(stream, stages)
      stages.set(this.#notes.stageOf(plan), { plan, isRun: true })
    }
  }

  /** Returns the reply of a worker that has done a task of a batch early, or is at it; `undefined` where none has begun it. */
  take({ input, plan, bodies, broadcasts }: Task, pool: TaskPool | undefined): Promise<Reply | undefined> | undefined {
    if (!('encoded' in input) || bodies !== undefined || broadcasts !== undefined) return undefined
    const begun = this.#begun.get(input.encoded.bytes)
    const stage = this.#notes.stageOf(plan)
    const task = begun?.get(stage)
    if (task === undefined) return undefined
    begun!.delete(stage)
    return pool?.early?.withdraw(task.queued) === true ? undefined : task.reply
  }
}

function earlyTask(block: ReceivedBytes, plan: EarlyPlan): EarlyTask {
  const input = { encoded: { ...block, counted: () => undefined } }
  const task: Task<EarlyPlan> = { partition: 0, plan, input, count: () => undefined }
  let settle!: QueuedTask['settle']
  const reply = new Promise<Reply | undefined>((resolve) => (settle = resolve))
  return { queued: { task, settle }, reply }
}
