import type { MaybePromise } from '../../base/maybe-promise.js'
import { columnsOf } from '../../rdd/execution/pair-columns.js'
import type { PairTable } from '../../rdd/plan/lineage.js'
import type { Division, MapSide, MergedElsewhere, MergePlan, Merging, Task } from '../../rdd/plan/stage-runner.js'
import { inOneOrder, undividedTable } from '../../rdd/stages/blocks.js'
import { decodedBlocks, decodedMerged, decodedTable, encodedBlocks } from './encoded-blocks.js'
import { LeftShuffle } from './left-shuffle.js'
import { Left } from './replies.js'
import type { SharedWork } from './shared-work.js'
import type { StageNotes } from './stage-notes.js'
import type { LeftBlocks, Reply, TaskQueue, TasksOver } from './task-queue.js'

type MergedPartitions = Extract<MergedElsewhere, { readonly partitions: unknown }>
type MergedReply = Extract<Reply, { readonly type: 'merged' }>

/** The bytes of all tables of a stage that a driver merges as soon as a stage of its own would. */
const BYTES_OF_STAGE = 16 * 2 ** 20
/** The bounds of the bytes up to which a table is sent as a whole. */
const LEAST_DIVIDED = 64 * 2 ** 10
const MOST_SENT = 256 * 2 ** 10

/** Returns how the tables of so many tasks are divided: a stage of few small tables is merged in the driver. */
export function divisionFor(buckets: number, tasks: number, mostSent: number | undefined): Division {
  const bytesOfTask = Math.floor(BYTES_OF_STAGE / tasks)
  return { buckets, mostBytes: mostSent ?? Math.max(LEAST_DIVIDED, Math.min(MOST_SENT, bytesOfTask)) }
}

/** How tables can be merged where they were made. */
export interface MergingElsewhere {
  readonly blocks: LeftBlocks
  /** The task of each bucket. */
  readonly task: Task<MergePlan>
}

interface ShuffleParts {
  readonly side: MapSide
  readonly merging: Merging
  /** Missing where tables are merged in this thread alone. */
  readonly elsewhere: MergingElsewhere | undefined
  /** Ends the stage, and with it what its tasks have left. */
  readonly end: () => void
  readonly notes: StageNotes
}

/** A table that waits, since one in front of it stays elsewhere. */
interface Waiting {
  readonly partition: number
  readonly table: PairTable | Left
}

/**
 * The reduce side of a stage. As long as all tables come here they are merged as they come, in order of the partitions. From the
 * first one on that stays elsewhere they wait until all are known; then those that are here follow the others, in blocks.
 */
export class Shuffle {
  readonly #parts: ShuffleParts
  #waiting: Waiting[] = []

  constructor(parts: ShuffleParts) {
    this.#parts = parts
  }

  /** Runs the map side and merges its tables. Returns what workers have merged, where they have, or the tables that have stayed. */
  async run(shared: SharedWork<PairTable | Left>): Promise<MergedElsewhere | LeftShuffle | undefined> {
    let result: MergedElsewhere | LeftShuffle | undefined
    try {
      result = await this.#run(shared)
      return result
    } finally {
      if (!(result instanceof LeftShuffle)) this.#parts.end()
    }
  }

  async #run(shared: SharedWork<PairTable | Left>): Promise<MergedElsewhere | LeftShuffle | undefined> {
    const { side, merging, elsewhere } = this.#parts
    try {
      await shared.run((table, partition) => this.#add({ table, partition }))
    } catch (error) {
      // The tables in front of the one that has failed are merged first, as one thread does.
      await this.#mergeHere(shared.queue)
      throw error
    }
    if (this.#waiting.length === 0 || elsewhere === undefined) return undefined
    const [{ partition: first }] = this.#waiting as [Waiting]
    if (first > 0) this.#waiting.unshift({ partition: 0, table: merging.take() })
    const blocks = await this.#blocks(shared.queue)
    if (blocks !== undefined && merging.mayLeave && !side.reduce.keepsOrder) return this.#left(blocks, elsewhere)
    return this.#merge(shared.queue, elsewhere, blocks)
  }

  /** @param over all blocks; `undefined` where a table cannot be sent */
  async #merge(
    queue: TaskQueue,
    elsewhere: MergingElsewhere,
    over: TasksOver | undefined,
  ): Promise<MergedElsewhere | undefined> {
    const merged = over && (await this.#mergeElsewhere(over, elsewhere))
    if (merged === undefined) await this.#mergeHere(queue)
    return merged
  }

  #left(over: TasksOver, elsewhere: MergingElsewhere): LeftShuffle {
    const { merging, end } = this.#parts
    return new LeftShuffle(over, {
      pairs: this.#waiting.reduce((sum, { table }) => sum + sizeOf(table), 0),
      plan: elsewhere.task.plan,
      merged: async () => {
        const merged = await this.#merge(over.queue, elsewhere, over)
        // The order of one table is not kept here.
        return merged === undefined ? merging.take() : (merged as MergedPartitions).partitions
      },
      release: () => {
        // What is still waiting was not done again here.
        for (const { table } of this.#waiting) if (table instanceof Left) table.count()
        this.#waiting = []
        end()
      },
    })
  }

  #add(given: Waiting): MaybePromise<void> {
    if (this.#waiting.length === 0 && !(given.table instanceof Left)) return this.#parts.merging.add(given.table)
    this.#waiting.push(given)
  }

  async #mergeElsewhere(over: TasksOver, { blocks, task }: MergingElsewhere): Promise<MergedElsewhere | undefined> {
    const { side, notes } = this.#parts
    const { buckets, keepsOrder } = side.reduce
    const replies = await blocks.merge(over.queue, { ...over, task, buckets })
    if (replies === undefined) return undefined
    const failed = [...replies.values()].find(({ type }) => type !== 'merged')
    if (failed !== undefined) {
      notes.replied(task, failed)
      return undefined
    }
    const merged = Array.from({ length: buckets }, (_, b) => replies.get(b) as MergedReply)
    const sizes = new Map<number, number>()
    for (const { partition, table } of this.#waiting) {
      sizes.set(partition, sizeOf(table))
      if (table instanceof Left) table.count()
    }
    for (const reply of replies.values()) notes.replied(task, reply)
    this.#waiting = []
    return keepsOrder ? { table: await this.#joined(merged, sizes) } : { partitions: await this.#partitions(merged) }
  }

  async #joined(replies: readonly MergedReply[], sizes: ReadonlyMap<number, number>) {
    const { side } = this.#parts
    const merged = []
    for (const reply of replies) {
      const decoded = decodedMerged(reply.table, reply.firsts)
      merged.push(decoded)
      await side.yieldIfDue(decoded.table.size)
    }
    return inOneOrder(merged, sizes, (pairs) => side.yieldIfDue(pairs))
  }

  async #partitions(replies: readonly MergedReply[]): Promise<readonly PairTable[]> {
    const tables: PairTable[] = []
    for (const reply of replies) {
      const table = decodedTable(reply.table)
      tables.push(table)
      await this.#parts.side.yieldIfDue(table.size)
    }
    return tables
  }

  /** Returns the blocks of all tables, for which those that are here are divided; `undefined` where one cannot be sent. */
  async #blocks(queue: TaskQueue): Promise<TasksOver | undefined> {
    const { buckets } = this.#parts.side.reduce
    const left: number[] = []
    const added: { partition: number; blocks: readonly Uint8Array[] }[] = []
    for (const { partition, table } of this.#waiting) {
      if (table instanceof Left) {
        left.push(partition)
        continue
      }
      try {
        added.push({ partition, blocks: encodedBlocks(columnsOf(table), partition, buckets) })
      } catch {
        return undefined
      }
      await this.#parts.side.yieldIfDue(table.size)
    }
    return { queue, left, added }
  }

  /** Merges all tables in this thread. Those that are lost are combined here. */
  async #mergeHere(queue: TaskQueue): Promise<void> {
    const { side, merging, elsewhere, notes } = this.#parts
    const waiting = this.#waiting
    this.#waiting = []
    const left = waiting.filter(({ table }) => table instanceof Left).map(({ partition }) => partition)
    const fetched = left.length === 0 ? undefined : await elsewhere!.blocks.fetch(queue, left)
    for (const { partition, table } of waiting) {
      if (!(table instanceof Left)) {
        await merging.add(table)
        continue
      }
      const blocks = fetched!.get(partition)
      if (blocks === undefined) notes.doneHere(true)
      else table.count()
      await merging.add(
        blocks === undefined ? await side.combine(partition) : undividedTable([...decodedBlocks(blocks)]),
      )
    }
  }
}

function sizeOf(table: PairTable | Left): number {
  return table instanceof Left ? table.pairs : table.size
}
