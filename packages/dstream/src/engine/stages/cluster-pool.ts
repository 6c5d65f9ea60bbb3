import { messageOf } from '../../base/errors/error-text.js'
import type { BlockStage, Cluster, ClusterBlocks, Logger } from '../../base/ports.js'
import { encodedInput, taskFrame, type InputEncoding } from './encoded-input.js'
import type { ReaderReply, TaskFrame } from './frames.js'
import {
  LEAST_BYTES,
  type AllBlocks,
  type BlockMerge,
  type LeftBlocks,
  type QueuedTask,
  type Reply,
  type TaskPool,
  type TaskQueue,
} from './task-queue.js'

interface ClusterPoolOptions extends InputEncoding {
  readonly cluster: Cluster
  readonly logger: Logger
}

/**
 * Gives all tasks of a stage to a cluster at once, which schedules them. The calls of an output stay in the driver where the
 * cluster might make one twice at the same time.
 */
export class ClusterPool implements TaskPool {
  readonly leastBytes = LEAST_BYTES
  readonly sharesStates = false
  readonly #options: ClusterPoolOptions
  readonly #stages = new Map<TaskQueue, ClusterRun>()
  readonly queues = {
    add: (queue: TaskQueue): void => {
      const { first } = queue
      if (first === undefined || ('call' in first.task.plan && this.#options.cluster.speculates())) return
      const tasks: QueuedTask[] = []
      for (let task = queue.next(); task !== undefined; task = queue.next()) tasks.push(task)
      const blocks = queue.over && this.#stages.get(queue.over.queue)!.blocksOf(queue.over)
      const run: ClusterRun = new ClusterRun(tasks, { ...this.#options, blocks }, () => {
        // Tasks that are asked for again are a stage of their own.
        if (this.#stages.get(queue) === run) this.queues.add(queue)
      })
      this.#stages.set(queue, run)
      void run.begin()
    },
    delete: (queue: TaskQueue): void => {
      this.#stages.get(queue)?.cancel()
      this.#stages.delete(queue)
    },
  }

  constructor(options: ClusterPoolOptions) {
    this.#options = options
  }

  get leftBlocks(): LeftBlocks | undefined {
    const { blocks } = this.#options.cluster
    if (blocks === undefined) return undefined
    return {
      mostSent: blocks.mostSent,
      merge: (queue, merge) => this.#stages.get(queue)!.merge(blocks, merge),
      fetch: (queue, partitions) => this.#stages.get(queue)!.fetch(blocks, partitions),
    }
  }

  get size(): number {
    return this.#options.cluster.isUp() ? 1 : 0
  }
}

/** The blocks of a stage as the cluster knows them. */
type KnownBlocks = Pick<BlockStage, 'from' | 'left' | 'added'>

interface RunOptions extends ClusterPoolOptions {
  /** The blocks that the tasks are given; `undefined` for none. */
  readonly blocks: KnownBlocks | undefined
}

/** One stage on the cluster. */
class ClusterRun {
  readonly #options: RunOptions
  /** The tasks without a reply. */
  readonly #open: Set<QueuedTask>
  readonly #signal: AbortSignal | undefined
  readonly #hasEnded: () => void
  readonly #onAbort = (): void => this.#abort()
  #isCancelled = false
  #cancel: (() => void) | undefined
  /** The name of the blocks that its tasks may leave. */
  readonly #leaves: string | undefined
  /** The tasks that the cluster has, by partition. */
  readonly #sent = new Map<number, number>()
  /** Ends what is done with the blocks. */
  #endBlocks: (() => void) | undefined

  /** @param hasEnded is called once all of its tasks have a reply, or none are to come */
  constructor(tasks: readonly QueuedTask[], options: RunOptions, hasEnded: () => void) {
    this.#options = options
    this.#hasEnded = hasEnded
    this.#open = new Set(tasks)
    this.#signal = tasks[0]?.task.signal
    this.#leaves = tasks[0]?.task.division === undefined ? undefined : crypto.randomUUID()
  }

  async begin(): Promise<void> {
    const { cluster, blocks } = this.#options
    const sent: QueuedTask[] = []
    const tasks: TaskFrame[] = []
    for (const queued of [...this.#open]) {
      try {
        const input = await encodedInput(queued.task.input, this.#options)
        tasks.push(taskFrame(queued.task, sent.length, input))
        this.#sent.set(queued.task.partition, sent.length)
        sent.push(queued)
      } catch (error) {
        this.#settle(queued, { type: 'failed', id: 0, forGood: false, reason: messageOf(error) })
      }
    }
    if (this.#isCancelled || sent.length === 0) return
    if (this.#signal?.aborted === true) return this.#abort()
    const stage = {
      tasks,
      places: sent.map((queued) => placeOf(queued)),
      reply: (task: number, frame: unknown) => this.#settle(sent[task]!, frame as Reply),
      ended: (failure: string | undefined) => this.#ended(failure),
    }
    this.#cancel =
      blocks === undefined
        ? cluster.run({ ...stage, leaves: this.#leaves })
        : cluster.blocks!.run({ ...stage, ...blocks, buckets: sent.map(({ task }) => task.partition) })
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Ends the stage, where tasks are still open. */
  cancel(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#isCancelled = true
    if (this.#open.size > 0) this.#cancel?.()
    this.#endBlocks?.()
    if (this.#leaves !== undefined) this.#options.cluster.blocks?.forget(this.#leaves)
  }

  merge(blocks: ClusterBlocks, merge: BlockMerge): ReturnType<LeftBlocks['merge']> {
    const replies = new Map<number, Reply>()
    return this.#withBlocks(
      'merged',
      (ended) =>
        blocks.run({
          ...this.blocksOf(merge),
          ...mergesOf(merge),
          reply: (bucket, frame) => {
            const reply = frame as Reply
            replies.set(bucket, reply)
            if ('reason' in reply)
              this.#options.logger.info({}, `The tables of a map side are merged in the driver: ${reply.reason}`)
          },
          ended,
        }),
      () => replies,
      () => undefined,
    )
  }

  fetch(blocks: ClusterBlocks, partitions: readonly number[]): ReturnType<LeftBlocks['fetch']> {
    const fetched = new Map<number, readonly Uint8Array[]>()
    const partitionOf = new Map(partitions.map((partition) => [this.#sent.get(partition)!, partition]))
    return this.#withBlocks(
      'sent',
      (ended) =>
        blocks.fetch({
          from: this.#leaves!,
          tasks: [...partitionOf.keys()],
          reply: (task, got) => void fetched.set(partitionOf.get(task)!, got.filter(({ length }) => length > 0)), // prettier-ignore
          ended,
        }),
      () => fetched,
      () => fetched,
    )
  }

  /** Returns what the tasks of this stage have left, and what goes along. */
  blocksOf({ left, added }: AllBlocks): KnownBlocks {
    return {
      from: this.#leaves!,
      left: left.map((partition) => ({ task: this.#sent.get(partition)!, order: partition })),
      added: added.flatMap(({ partition, blocks }) =>
        blocks.flatMap((block, bucket) => (block.length === 0 ? [] : [{ order: partition, bucket, block }])),
      ),
    }
  }

  /** Does something with the blocks, until it has ended or the stage is cancelled. */
  #withBlocks<R>(
    what: string,
    begin: (ended: (failure: string | undefined) => void) => () => void,
    result: () => R,
    otherwise: () => R,
  ): Promise<R> {
    if (this.#isCancelled) return Promise.resolve(otherwise())
    return new Promise<R>((resolve) => {
      const end = begin((failure) => {
        this.#endBlocks = undefined
        if (failure === undefined) return resolve(result())
        this.#options.logger.warn({}, `The cluster has not ${what} what a map side has left with it: ${failure}`)
        resolve(otherwise())
      })
      this.#endBlocks = () => {
        end()
        resolve(otherwise())
      }
    })
  }

  /** Ends the calls of an attempt that is not waited for any longer: the cluster ends their workers. */
  #abort(): void {
    this.cancel()
    for (const queued of [...this.#open]) this.#settle(queued, undefined)
  }

  #settle(queued: QueuedTask, reply: Reply | undefined): void {
    if (!this.#open.delete(queued)) return
    for (const failure of failuresOf(reply)) {
      this.#options.logger.info({}, `${whatFailed(queued, failure.forGood)} in the driver: ${failure.reason}`)
    }
    queued.settle(reply)
  }

  #ended(failure: string | undefined): void {
    const { size } = this.#open
    if (size > 0 && !this.#isCancelled) {
      const reason = failure === undefined ? 'it has sent no result' : failure
      this.#options.logger.warn(
        { tasks: size },
        `The cluster has not done ${size} tasks of a stage, which are done in the driver: ${reason}`,
      )
    }
    for (const queued of [...this.#open]) this.#settle(queued, undefined)
    if (!this.#isCancelled) this.#hasEnded()
  }
}

/** Returns the tasks of a merge: one a bucket. */
function mergesOf({ task, buckets }: BlockMerge): Pick<BlockStage, 'tasks' | 'buckets'> {
  const all = Array.from({ length: buckets }, (_, bucket) => bucket)
  const frame = taskFrame(task, 0, { chunks: [] })
  return { tasks: all.map(() => frame), buckets: all }
}

/** Returns the name of what a task belongs to; tasks with the same name are best done by the same worker. */
function placeOf({ task: { plan } }: QueuedTask): string | undefined {
  return 'state' in plan ? `${plan.state}/${plan.partition}` : undefined
}

function whatFailed({ task: { plan } }: QueuedTask, forGood: boolean): string {
  if ('state' in plan) return `Partition ${plan.partition} of the state of ${plan.state} is updated`
  if ('save' in plan) return forGood ? 'All parts of a directory are written' : 'A part of a directory is written'
  return forGood ? 'All partitions of a map side are combined' : 'A partition is combined'
}

/** Returns the failures of a task, and of the readers of its records. */
function failuresOf(
  reply: Reply | ReaderReply | undefined,
): readonly { readonly forGood: boolean; readonly reason: string }[] {
  if (reply === undefined) return []
  if ('reason' in reply) return [reply]
  return 'readers' in reply ? reply.readers.flatMap(failuresOf) : []
}
