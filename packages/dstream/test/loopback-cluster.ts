import type { StreamingContext } from 'dstream'
import type { BlockFetch, BlockStage, Cluster, ClusterBlocks, ClusterStage } from '../src/base/ports.js'
import type { TaskFrame, WorkerFrame } from '../src/engine/stages/frames.js'

/** What goes wrong on a cluster of a test. */
export interface ClusterFaults {
  /** See `ClusterBlocks.mostSent`. */
  readonly mostSent?: number
  /** Returns the frame that the driver gets in place of a worker's. */
  readonly replied?: (frame: WorkerFrame, stage: number) => WorkerFrame
  /** Returns the failure of the stage over blocks of that number, none of whose tasks is done. */
  readonly failsOverBlocks?: (stage: number) => string | undefined
  /** Returns whether the blocks of a task cannot be fetched. */
  readonly isLost?: (task: number) => boolean
}

/** A stage over blocks, with the partitions whose blocks came from executors and from the driver. */
interface OverBlocks {
  readonly kind: 'merge' | 'update'
  readonly left: number
  readonly added: number
  readonly buckets: readonly number[]
}

/** What a cluster of a test has done. */
export interface ClusterNotes {
  readonly overBlocks: OverBlocks[]
  /** Whether the tasks of each stage could leave blocks. */
  readonly offered: boolean[]
  /** How many tasks had their blocks fetched. */
  fetched: number
  /** The stages whose blocks are there. */
  readonly kept: Map<string, ReadonlyMap<number, readonly Uint8Array[]>>
}

interface Done {
  readonly frame: WorkerFrame
  readonly left: readonly Uint8Array[]
}

/**
 * A cluster in this thread, with one worker: a context of its own, which `define` makes, and which gets copies of all frames. Blocks
 * that a task leaves are those of its last run.
 */
export function loopbackCluster(define: () => StreamingContext, faults: ClusterFaults = {}): Cluster & ClusterNotes {
  const { replied = (frame) => frame, failsOverBlocks = () => undefined, isLost = () => false } = faults
  const worker = new LoopbackWorker(define)
  const notes: ClusterNotes = { overBlocks: [], offered: [], fetched: 0, kept: new Map() }
  let stages = 0
  /** Does the work of a stage one turn of the event loop later, unless it is cancelled. */
  const begin = (ended: (failure: string | undefined) => void, work: (isWanted: () => boolean) => Promise<void>) => {
    let isWanted = true
    setImmediate(async () => {
      await work(() => isWanted)
      if (isWanted) ended(undefined)
    })
    return () => void (isWanted = false)
  }
  const blocks: ClusterBlocks = {
    mostSent: faults.mostSent,
    run(stage: BlockStage) {
      const number = notes.overBlocks.push({
        kind: 'state' in (stage.tasks[0] as TaskFrame).plan ? 'update' : 'merge',
        left: stage.left.length,
        added: new Set(stage.added.map(({ order }) => order)).size,
        buckets: stage.buckets,
      })
      const failure = failsOverBlocks(number - 1)
      const blocksOf = notes.kept.get(stage.from)!
      if (failure !== undefined) {
        setImmediate(() => stage.ended(failure))
        return () => undefined
      }
      return begin(
        (end) => stage.ended(end),
        async (isWanted) => {
          for (const [t, task] of stage.tasks.entries()) {
            const bucket = stage.buckets[t]!
            const left = stage.left.map(({ task, order }) => ({ order, block: blocksOf.get(task)![bucket]! }))
            // A shuffle brings them in any order.
            const all = [...stage.added.filter((one) => one.bucket === bucket), ...left.reverse()]
            const inOrder = all.filter(({ block }) => block.length > 0).sort((a, b) => a.order - b.order)
            const { frame } = await worker.run(task, inOrder.map(({ block }) => block)) // prettier-ignore
            if (isWanted()) stage.reply(t, replied(frame, stages))
          }
        },
      )
    },
    fetch: (fetch: BlockFetch) =>
      begin(
        (end) => fetch.ended(end),
        (isWanted) => {
          for (const task of fetch.tasks) {
            if (isLost(task) || !isWanted()) continue
            notes.fetched++
            fetch.reply(task, notes.kept.get(fetch.from)!.get(task)!)
          }
          return Promise.resolve()
        },
      ),
    forget: (name) => void notes.kept.delete(name),
  }
  return {
    ...notes,
    get fetched() {
      return notes.fetched
    },
    blocks,
    start: () => Promise.resolve('a cluster'),
    isUp: () => true,
    speculates: () => false,
    run(stage: ClusterStage) {
      const number = stages++
      notes.offered.push(stage.leaves !== undefined)
      const left = new Map<number, readonly Uint8Array[]>()
      if (stage.leaves !== undefined) notes.kept.set(stage.leaves, left)
      return begin(
        (end) => stage.ended(end),
        async (isWanted) => {
          for (const [t, task] of stage.tasks.entries()) {
            const done = await worker.run(task, [])
            if (done.left.length > 0) left.set(t, done.left)
            if (isWanted()) stage.reply(t, replied(done.frame, number))
          }
        },
      )
    },
    end: () => Promise.resolve(),
  }
}

/** Does tasks one after the other. */
class LoopbackWorker {
  #handle!: (frame: unknown, blocks?: readonly Uint8Array[]) => void
  #done: (done: Done) => void = () => undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(define: () => StreamingContext) {
    setImmediate(() =>
      define().serveTasks({
        post: (frame, moved, left = []) => {
          const sent = structuredClone(frame, { transfer: moved.map(({ buffer }) => buffer as ArrayBuffer) })
          this.#done({ frame: sent as WorkerFrame, left: left.map((block) => block.slice()) })
        },
        onFrame: (f) => void (this.#handle = f),
      }),
    )
  }

  run(task: unknown, blocks: readonly Uint8Array[]): Promise<Done> {
    const done = this.#last.then(
      () =>
        new Promise<Done>((resolve) => {
          this.#done = resolve
          this.#handle(structuredClone(task as TaskFrame), blocks)
        }),
    )
    this.#last = done
    return done
  }
}
