import type { PackingRule } from '../../base/packing-rule.js'
import type { Clock, Logger, WorkerHandle, Workers } from '../../base/ports.js'
import { messageOf } from '../../base/errors/error-text.js'
import { plainError } from '../../base/errors/plain-error.js'
import type { Task } from '../../rdd/plan/stage-runner.js'
import { bytesOfInput, encodedInput, taskFrame, type InputEncoding } from './encoded-input.js'
import type { AbortFrame, EncodedInput, WorkerFrame } from './frames.js'
import { boundTo, LEAST_BYTES, TaskQueues, type EarlyQueue, type QueuedTask, type TaskPool } from './task-queue.js'

export interface WorkerPoolOptions extends InputEncoding {
  readonly workers: Workers
  readonly size: number
  /** The texts of the job's functions by address, which each worker must have too. */
  readonly functions: Readonly<Record<string, string>>
  readonly logger: Logger
  readonly clock: Clock
}

/** The longest that a start waits for the workers to load the job, in milliseconds. */
const START_MS = 30_000
/** The ends in a row, without a completed task between them, after which a worker is given up. */
const MOST_ENDS = 3

/** A task that a worker has. */
interface Running {
  readonly queued: QueuedTask
  /** Ends the watch over the signal of the task. */
  unwatch?: () => void
}

/** A worker, from its start to its end. The next one in its place is another. */
interface PoolWorker {
  readonly handle: WorkerHandle
  /** Its place among the workers, which the one that replaces it takes over. */
  readonly place: number
  readonly running: Map<number, Running>
  /** The ends of the workers before it that have completed no task. */
  readonly endsBefore: number
  isReady: boolean
  hasCompleted: boolean
}

/** Workers that take tasks while they are idle, and are replaced when they end. */
export class WorkerPool implements TaskPool {
  readonly #options: WorkerPoolOptions
  readonly #queues = new TaskQueues(() => this.#pumpAll())
  readonly sharesStates = true
  readonly #workers = new Set<PoolWorker>()
  #lastId = 0
  #isEnded = false
  /** Settles the start: with `undefined` when all workers are ready, else with the reason for which they are not. */
  #started: ((failure: string | undefined) => void) | undefined

  constructor(options: WorkerPoolOptions) {
    this.#options = options
  }

  /** The queues from which the workers take tasks. */
  get queues(): TaskQueues {
    return this.#queues
  }

  get early(): EarlyQueue {
    return this.#queues.early
  }

  get size(): number {
    return this.#workers.size
  }

  get leastBytes(): number {
    return this.#options.workers.leastBytes ?? LEAST_BYTES
  }

  get packing(): PackingRule | undefined {
    return this.#options.workers.packing
  }

  /** Starts all workers. Resolves to `undefined` when they are ready, else to the reason for which they are not. */
  async start(): Promise<string | undefined> {
    const { clock, size } = this.#options
    const started = new Promise<string | undefined>((resolve) => (this.#started = resolve))
    for (let i = 0; i < size; i++) this.#startWorker(i, 0)
    const timer = clock.setTimer(clock.now() + START_MS, () =>
      this.#started?.(`it has not called StreamingContext.run within ${START_MS} ms`),
    )
    const failure = await started
    timer.cancel()
    this.#started = undefined
    if (failure !== undefined) await this.end()
    return failure
  }

  async end(): Promise<void> {
    this.#isEnded = true
    const workers = [...this.#workers]
    this.#workers.clear()
    for (const worker of workers) this.#giveBack(worker)
    this.#pumpAll()
    await Promise.all(workers.map(({ handle }) => handle.end()))
  }

  #startWorker(place: number, endsBefore: number): void {
    const events = {
      frame: (frame: unknown) => this.#received(worker, frame as WorkerFrame),
      ended: (error: unknown) => this.#ended(worker, error),
    }
    const handle = this.#options.workers.start(events)
    const worker: PoolWorker = { handle, place, running: new Map(), endsBefore, isReady: false, hasCompleted: false }
    this.#workers.add(worker)
  }

  #received(worker: PoolWorker, frame: WorkerFrame): void {
    if (!this.#workers.has(worker)) return
    if (frame.type === 'ready') {
      this.#ready(worker, frame.functions)
      return
    }
    const running = worker.running.get(frame.id)
    worker.running.delete(frame.id)
    running?.unwatch?.()
    worker.hasCompleted = true
    this.#pump(worker)
    if (worker.running.size === 0) worker.handle.keepAlive(false)
    running?.queued.settle(frame)
    // The task may be asked for again.
    if (frame.type === 'wanting') this.#pumpAll()
  }

  #ready(worker: PoolWorker, functions: Readonly<Record<string, string>>): void {
    const different = differenceOf(this.#options.functions, functions)
    if (different !== undefined) {
      this.#refuse(worker, `its function ${different} is another one there`)
      return
    }
    worker.isReady = true
    worker.handle.keepAlive(false)
    const isComplete = [...this.#workers].every(({ isReady }) => isReady)
    if (isComplete) this.#started?.(undefined)
    this.#pump(worker)
  }

  #refuse(worker: PoolWorker, reason: string): void {
    if (this.#started !== undefined) this.#started(reason)
    else {
      this.#workers.delete(worker)
      void worker.handle.end()
      this.#options.logger.warn({}, `A worker thread is given up, since ${reason}.`)
      this.#pumpAll()
    }
  }

  #ended(worker: PoolWorker, error: unknown): void {
    if (!this.#workers.delete(worker) || this.#isEnded) return
    this.#giveBack(worker)
    if (this.#started === undefined) this.#replace(worker, error)
    else this.#started(messageOf(error))
    this.#pumpAll()
  }

  #replace(worker: PoolWorker, error: unknown): void {
    const { logger } = this.#options
    const reason = messageOf(error)
    const ends = worker.hasCompleted ? 1 : worker.endsBefore + 1
    if (ends >= MOST_ENDS) {
      logger.warn({ err: error }, `A worker thread has ended ${ends} times in a row and is given up: ${reason}`)
      return
    }
    logger.warn({ err: error }, `A worker thread has ended and is replaced; its tasks are done again: ${reason}`)
    this.#startWorker(worker.place, ends)
  }

  /** Leaves the tasks of a worker to the thread of the batches. */
  #giveBack(worker: PoolWorker): void {
    for (const { queued, unwatch } of worker.running.values()) {
      unwatch?.()
      queued.settle(undefined)
    }
    worker.running.clear()
  }

  #pumpAll(): void {
    for (const worker of this.#workers) this.#pump(worker)
    // This thread must not wait for a worker that is being started.
    for (;;) {
      const unserved = this.#queues.next(
        (task) => boundTo(task) !== undefined && this.#workerOf(task)?.isReady !== true,
      )
      if (unserved === undefined) return
      unserved.settle(undefined)
    }
  }

  #fits(task: QueuedTask, worker: PoolWorker): boolean {
    return boundTo(task) === undefined || this.#workerOf(task) === worker
  }

  /** Returns the worker that a task is bound to. Each worker has about as many partitions of a state. */
  #workerOf(task: QueuedTask): PoolWorker | undefined {
    const place = boundTo(task)! % this.#options.size
    return [...this.#workers].find((worker) => worker.place === place)
  }

  /** Gives a worker one task, and a second one in advance as long as there are tasks for all threads. */
  #pump(worker: PoolWorker): void {
    const { running } = worker
    while (worker.isReady && running.size < (this.#queues.size > this.#workers.size ? 2 : 1)) {
      const queued = this.#queues.next((task) => this.#fits(task, worker))
      if (queued === undefined) return
      const id = ++this.#lastId
      running.set(id, { queued })
      worker.handle.keepAlive(true)
      void this.#send(worker, id, queued)
    }
  }

  async #send(worker: PoolWorker, id: number, queued: QueuedTask): Promise<void> {
    try {
      const [input, moved] = await movableInput(queued.task.input, this.#options)
      const running = worker.running.get(id)
      if (running === undefined) return
      worker.handle.post(taskFrame(queued.task, id, input), moved)
      watch(id, running, worker.handle)
    } catch (error) {
      // Records that cannot be stored cannot be sent either.
      if (worker.running.delete(id)) queued.settle({ type: 'failed', id, forGood: false, reason: messageOf(error) })
      this.#pump(worker)
    }
  }
}

/** Tells a worker when the result of a task that it has is not waited for any longer. */
function watch(id: number, running: Running, handle: WorkerHandle): void {
  const { signal } = running.queued.task
  if (signal === undefined) return
  const tell = (): void => {
    handle.post({ type: 'abort', id, reason: plainError(signal.reason) } satisfies AbortFrame, [])
  }
  if (signal.aborted) return tell()
  signal.addEventListener('abort', tell, { once: true })
  running.unwatch = () => signal.removeEventListener('abort', tell)
}

/** Returns the input of a task as bytes of its own, which can be moved. */
async function movableInput(
  input: Task['input'],
  encoding: InputEncoding,
): Promise<readonly [EncodedInput, readonly Uint8Array[]]> {
  const encoded = await encodedInput(input, encoding)
  // Received bytes are still read here.
  const own = 'bytes' in encoded ? { ...encoded, bytes: new Uint8Array(encoded.bytes) } : encoded
  return [own, bytesOfInput(own)]
}

function differenceOf(
  here: Readonly<Record<string, string>>,
  there: Readonly<Record<string, string>>,
): string | undefined {
  return Object.keys({ ...here, ...there }).find((address) => here[address] !== there[address])
}
