import type { StreamingContext } from 'dstream'
import type { PackingRule } from '../src/base/packing-rule.js'
import type { WorkerEnd, WorkerEvents, Workers } from '../src/base/ports.js'
import type { TaskFrame, WorkerFrame } from '../src/engine/stages/frames.js'
import type { TaskFigures } from '../src/observe/progress.js'

/** How a worker of a test differs from one that does all of its tasks. */
export interface WorkerFaults {
  /** Returns true for a frame before which the worker ends. */
  readonly endsBefore?: (frame: { readonly type: string }, worker: number) => boolean
  /** See `Workers.leastBytes`. */
  readonly leastBytes?: number | undefined
  /** See `Workers.packing`; by default partitions are packed as soon as they can be. */
  readonly packing?: PackingRule | undefined
  /** Is shown each frame of a worker. */
  readonly seen?: (frame: WorkerFrame) => void
  /** Returns the frame that a worker gets in place of a task. */
  readonly given?: (frame: TaskFrame) => TaskFrame
  /** Returns the frame that the driver gets in place of a worker's. */
  readonly replied?: (frame: WorkerFrame) => WorkerFrame
  readonly writePart?: WorkerEnd['writePart']
}

/**
 * Workers in this thread. Each has a context of its own, which `define` makes, and gets copies of all frames, one turn of the
 * event loop later.
 */
export function loopbackWorkers(
  define: () => StreamingContext,
  {
    endsBefore = () => false,
    seen = () => undefined,
    leastBytes,
    packing = { afterUpdates: 0, leastBytes: 0 },
    given = (frame) => frame,
    replied = (frame) => frame,
    writePart,
  }: WorkerFaults = {},
): Workers & { readonly started: () => number } {
  let started = 0
  return {
    leastBytes,
    packing,
    started: () => started,
    start(events: WorkerEvents) {
      const worker = ++started
      let isAlive = true
      let handle = (_: unknown): void => undefined
      const later = (f: () => void): void => void setImmediate(() => isAlive && f())
      const copy = (frame: unknown, moved: readonly Uint8Array[]): unknown =>
        structuredClone(frame, { transfer: moved.map(({ buffer }) => buffer as ArrayBuffer) })
      const fail = (error: unknown): void => {
        isAlive = false
        events.ended(error)
      }
      later(() => {
        try {
          define().serveTasks({
            post(frame, moved) {
              const sent = copy(frame, moved)
              later(() => (seen(sent as WorkerFrame), events.frame(replied(sent as WorkerFrame))))
            },
            onFrame: (f) => void (handle = f),
            ...(writePart && { writePart }),
          })
        } catch (error) {
          fail(error)
        }
      })
      return {
        post(frame, moved) {
          const sent = copy(frame, moved) as { readonly type: string }
          const got = (): unknown => (sent.type === 'task' ? given(sent as TaskFrame) : sent)
          later(() => (endsBefore(sent, worker) ? fail(new Error('killed')) : handle(got())))
        },
        keepAlive: () => undefined,
        end() {
          isAlive = false
          return Promise.resolve()
        },
      }
    },
  }
}

/** Returns the sums of the tasks of the last batches. */
export function tasksOf({ recentProgress }: StreamingContext): TaskFigures {
  const sum = (name: keyof TaskFigures): number => recentProgress.reduce((n, { tasks }) => n + (tasks?.[name] ?? 0), 0)
  return { onMainThread: sum('onMainThread'), onWorkers: sum('onWorkers'), repeated: sum('repeated') }
}
