import type { MaybePromise } from '../../base/maybe-promise.js'
import { columnsOf } from '../../rdd/execution/pair-columns.js'
import type { PairTable } from '../../rdd/plan/lineage.js'
import type { Division, MapSide, MergedElsewhere, MergePlan, Merging, Task } from '../../rdd/plan/stage-runner.js'
import { inOneOrder, undividedTable } from '../../rdd/stages/blocks.js'
import { decodedBlocks, decodedMerged, decodedTable, encodedBlocks } from './encoded-blocks.js'
import { Left } from './replies.js'
import type { SharedWork } from './shared-work.js'
import type { StageNotes } from './stage-notes.js'
import type { BlockMerge, LeftBlocks, Reply, TaskQueue } from './task-queue.js'

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

  /** Runs the map side and merges its tables. Returns what workers have merged, where they have. */
  async run(shared: SharedWork<PairTable | Left>): Promise<MergedElsewhere | undefined> {
    const { merging, elsewhere } = this.#parts
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
    const merged = await this.#mergeElsewhere(shared.queue, elsewhere)
    if (merged === undefined) await this.#mergeHere(shared.queue)
    return merged
  }

  #add(given: Waiting): MaybePromise<void> {
    if (this.#waiting.length === 0 && !(given.table instanceof Left)) return this.#parts.merging.add(given.table)
    this.#waiting.push(given)
  }

  async #mergeElsewhere(queue: TaskQueue, { blocks, task }: MergingElsewhere): Promise<MergedElsewhere | undefined> {
    const { side, notes } = this.#parts
    const { buckets, keepsOrder } = side.reduce
    const added = await this.#added(buckets)
    if (added === undefined) return undefined
    const left = this.#waiting.filter(({ table }) => table instanceof Left).map(({ partition }) => partition)
    const replies = await blocks.merge(queue, { task, left, added, buckets })
    const failed = replies && [...replies.values()].find(({ type }) => type !== 'merged')
    if (failed !== undefined) notes.replied(task, failed)
    if (replies === undefined || failed !== undefined) return undefined
    const merged = Array.from({ length: buckets }, (_, b) => replies.get(b) as MergedReply | undefined)
    const sizes = new Map<number, number>()
    for (const { partition, table } of this.#waiting) {
      sizes.set(partition, table instanceof Left ? table.pairs : table.size)
      if (table instanceof Left) table.count()
    }
    for (const reply of replies.values()) notes.replied(task, reply)
    this.#waiting = []
    return keepsOrder ? { table: await this.#joined(merged, sizes) } : { partitions: await this.#partitions(merged) }
  }

  async #joined(replies: readonly (MergedReply | undefined)[], sizes: ReadonlyMap<number, number>) {
    const { side } = this.#parts
    const merged = []
    for (const reply of replies) {
      if (reply === undefined) continue
      const decoded = decodedMerged(reply.table, reply.firsts)
      merged.push(decoded)
      await side.yieldIfDue(decoded.table.size)
    }
    return inOneOrder(merged, sizes, (pairs) => side.yieldIfDue(pairs))
  }

  async #partitions(replies: readonly (MergedReply | undefined)[]): Promise<readonly PairTable[]> {
    const tables: PairTable[] = []
    for (const reply of replies) {
      const table = reply === undefined ? new Map<unknown, unknown>() : decodedTable(reply.table)
      tables.push(table)
      await this.#parts.side.yieldIfDue(table.size)
    }
    return tables
  }

  /** Divides the tables that are here. Returns `undefined` where one cannot be sent. */
  async #added(buckets: number): Promise<BlockMerge['added'] | undefined> {
    const added: { partition: number; blocks: readonly Uint8Array[] }[] = []
    for (const { partition, table } of this.#waiting) {
      if (table instanceof Left) continue
      try {
        added.push({ partition, blocks: encodedBlocks(columnsOf(table), partition, buckets) })
      } catch {
        return undefined
      }
      await this.#parts.side.yieldIfDue(table.size)
    }
    return added
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
