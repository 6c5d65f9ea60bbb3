import type { MaybePromise } from '../../base/maybe-promise.js'
import type { ReceivedBytes, StagePlan, Task } from '../../rdd/plan/stage-runner.js'
import type { StageNotes } from './stage-notes.js'
import type { QueuedTask, Reply, TaskPool } from './task-queue.js'

/** A task that was offered to workers before the batch of its block. */
interface EarlyTask {
  readonly stage: string
  readonly queued: QueuedTask
  readonly reply: Promise<Reply | undefined>
}

/** The stage that the last batch of a stream has run over its blocks. */
interface LastStage {
  readonly plan: StagePlan
  /** Whether the batch under way has run it too. */
  isRun: boolean
}

/**
 * Combines the blocks of receivers in workers as soon as they are stored, by the stage that the last batch has run over its blocks.
 * A block is combined on its own, before its batch as in it, so that the results are the same. A batch takes a table only for the
 * same stage. One that a worker has failed to make, or has not begun, is left to the batch.
 */
export class EarlyTasks {
  readonly #notes: StageNotes
  readonly #stages = new Map<number, LastStage>()
  readonly #begun = new WeakMap<Uint8Array, EarlyTask>()

  constructor(notes: StageNotes) {
    this.#notes = notes
  }

  /** Offers the task of a block that is stored. */
  begin(block: ReceivedBytes, pool: TaskPool | undefined): void {
    const plan = this.#stages.get(block.codec.stream)?.plan
    if (plan === undefined || pool?.early === undefined || pool.size === 0) return
    if (block.bytes.length < pool.leastBytes || !this.#notes.maySend(plan)) return
    const encoded = { ...block, counted: () => undefined }
    const task: Task<StagePlan> = { partition: 0, plan, input: { encoded }, count: () => undefined }
    let settle!: QueuedTask['settle']
    const reply = new Promise<Reply | undefined>((resolve) => (settle = resolve))
    const queued: QueuedTask = { task, settle }
    this.#begun.set(block.bytes, { stage: this.#notes.stageOf(plan), queued, reply })
    pool.early.add(queued)
  }

  /** Notes that a batch of a stream is made. Where the last one has run no stage over its blocks, none is begun early. */
  newBatch(stream: number): void {
    const last = this.#stages.get(stream)
    if (last?.isRun === false) this.#stages.delete(stream)
    else if (last !== undefined) last.isRun = false
  }

  /** Learns which stage a batch runs over the blocks of streams. */
  learn(tasks: readonly Task<StagePlan>[]): void {
    for (const { plan, input, bodies, broadcasts } of tasks) {
      // What depends on the batch, or on what the driver has by then, waits for the batch.
      if (!('encoded' in input) || bodies !== undefined || broadcasts !== undefined) continue
      this.#stages.set(input.encoded.codec.stream, { plan, isRun: true })
    }
  }

  /** Returns the reply of a worker that has done a task of a batch early, or is at it; `undefined` where none has begun it. */
  take({ input, plan, bodies, broadcasts }: Task, pool: TaskPool | undefined): MaybePromise<Reply | undefined> {
    if (!('encoded' in input)) return undefined
    const { bytes } = input.encoded
    const begun = this.#begun.get(bytes)
    if (begun === undefined) return undefined
    this.#begun.delete(bytes)
    const isWithdrawn = pool?.early?.withdraw(begun.queued) === true
    const isOther = bodies !== undefined || broadcasts !== undefined || begun.stage !== this.#notes.stageOf(plan)
    return isWithdrawn || isOther ? undefined : begun.reply
  }
}
