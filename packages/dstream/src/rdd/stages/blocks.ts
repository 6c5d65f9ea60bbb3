import { keyOf } from '../../base/keys/key.js'
import { HashPartitioner } from '../../base/keys/partitioner.js'
import type { MaybePromise } from '../../base/maybe-promise.js'
import { combineSink, tableOf, type CombineSink } from '../execution/loop-sink.js'
import { columnsOf, PairColumns } from '../execution/pair-columns.js'
import { pass } from '../execution/pass.js'
import { Evaluation } from '../plan/evaluation.js'
import type { AnyFunction, PairTable } from '../plan/lineage.js'
import type { RDDRuntime } from '../plan/runtime.js'

type Columns = PairColumns<unknown, unknown>

/** The pairs of a partition's table whose keys belong to one bucket, in the order of the table. */
export interface Block {
  /** The partition of the map side. */
  readonly partition: number
  readonly pairs: Columns
  /** The index of each pair in the table. They rise. */
  readonly places: readonly number[]
}

/** The keys of a merged table that came first with one partition: their indexes in its table, which rise. */
export interface FirstPlaces {
  readonly partition: number
  readonly places: readonly number[]
}

/** The blocks of one bucket, merged in order of their partitions. */
export interface MergedBlocks {
  readonly table: Columns
  /** Where the keys of the table came first, in their order; empty where that is not asked for. */
  readonly firsts: readonly FirstPlaces[]
}

/** Divides the table of a partition by the hash of its keys. Returns a block for each bucket, which may be empty. */
export function dividedTable(table: PairTable, partition: number, buckets: number): Block[] {
  const { keys, values } = columnsOf(table)
  const partitioner = new HashPartitioner(buckets)
  const blocks = Array.from({ length: buckets }, () => ({
    keys: [] as unknown[],
    values: [] as unknown[],
    places: [] as number[],
  }))
  for (let i = 0; i < keys.length; i++) {
    const block = blocks[partitioner.getPartition(keyOf(keys[i]))]!
    block.keys.push(keys[i])
    block.values.push(values[i])
    block.places.push(i)
  }
  return blocks.map((block) => ({
    partition,
    pairs: new PairColumns(block.keys, block.values),
    places: block.places,
  }))
}

/** Returns the table that was divided into blocks. */
export function undividedTable(blocks: readonly Block[]): Columns {
  const size = blocks.reduce((sum, { pairs }) => sum + pairs.size, 0)
  const keys = new Array<unknown>(size)
  const values = new Array<unknown>(size)
  for (const { pairs, places } of blocks) {
    for (const [i, place] of places.entries()) {
      keys[place] = pairs.keys[i]
      values[place] = pairs.values[i]
    }
  }
  return new PairColumns(keys, values)
}

interface Merging {
  readonly merge: AnyFunction
  /** Whether the places of the keys are asked for. */
  readonly keepsOrder: boolean
  readonly runtime: RDDRuntime
}

/**
 * Merges the blocks of one bucket, which come in order of their partitions, as whole tables are merged: the keys have the order
 * in which they come first, and the values of a key are merged in order of the partitions.
 *
 * @throws for the first pair on which the function throws
 */
export async function mergedBlocks(
  blocks: Iterable<Block>,
  { merge, keepsOrder, runtime }: Merging,
): Promise<MergedBlocks> {
  const evaluation = new Evaluation(runtime)
  const sink = combineSink({ operator: 'stage', time: undefined }, undefined, merge, { copyKey: (key) => key })
  const arrivals: Arrival[] = []
  for (const block of blocks) {
    const before = sizeOf(sink)
    await pass(block.pairs, [], sink, evaluation)
    const after = sizeOf(sink)
    if (keepsOrder && after > before) arrivals.push({ block, before, after })
  }
  const table = columnsOf(tableOf(sink))
  return { table, firsts: arrivals.map((arrival) => firstPlaces(arrival, table.keys)) }
}

/** Returns the pairs of the blocks of one bucket, which come in order of their partitions, one block after the other. */
export function joinedBlocks(blocks: Iterable<Block>): Columns {
  const all = Array.from(blocks, ({ pairs }) => pairs)
  return new PairColumns(
    all.flatMap(({ keys }) => keys),
    all.flatMap(({ values }) => values),
  )
}

/** A block with new keys, and the indexes in the merged table between which they are. */
interface Arrival {
  readonly block: Block
  readonly before: number
  readonly after: number
}

function firstPlaces({ block, before, after }: Arrival, merged: readonly unknown[]): FirstPlaces {
  const { partition, places, pairs } = block
  if (after - before === pairs.size) return { partition, places }
  // The new keys of a block are in the table in the order of the block.
  let next = before
  const first = places.filter((_, i) => next < after && isSame(keyOf(pairs.keys[i]), merged[next]) && ++next > 0)
  return { partition, places: first }
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || (a !== a && b !== b)
}

function sizeOf({ integers, map }: CombineSink): number {
  return integers === undefined ? map.size : integers.keys.length
}

/** The pairs between two pauses for the event loop. */
const CHUNK = 1024

/**
 * Joins the merged tables of all buckets into one, in the order that its keys would have if whole tables had been merged.
 *
 * @param sizes the pairs of each partition's table, in order of the partitions
 */
export async function inOneOrder(
  merged: readonly MergedBlocks[],
  sizes: ReadonlyMap<number, number>,
  yieldIfDue: (pairs: number) => MaybePromise<void>,
): Promise<Columns> {
  const starts = new Map<number, number>()
  let total = 0
  for (const [partition, size] of sizes) {
    starts.set(partition, total)
    total += size
  }
  // The number of the table, from 1 on, whose next key came first at a place. The keys of each table are in order of their places.
  const tableAt = new Uint16Array(total)
  for (const [m, { firsts }] of merged.entries()) {
    for (const { partition, places } of firsts) {
      const start = starts.get(partition)!
      for (const place of places) tableAt[start + place] = m + 1
      await yieldIfDue(places.length)
    }
  }
  const next = merged.map(() => 0)
  const keys: unknown[] = []
  const values: unknown[] = []
  for (let from = 0; from < total; from += CHUNK) {
    const until = Math.min(total, from + CHUNK)
    for (let place = from; place < until; place++) {
      const m = tableAt[place]! - 1
      if (m < 0) continue
      const { table } = merged[m]!
      const i = next[m]!++
      keys.push(table.keys[i])
      values.push(table.values[i])
    }
    const pause = yieldIfDue(until - from)
    if (pause !== undefined) await pause
  }
  return new PairColumns(keys, values)
}
