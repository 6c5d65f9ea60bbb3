import { decodeValue, encodeValue } from '../../durable/codec/value-codec.js'
import { PairColumns } from '../../rdd/execution/pair-columns.js'
import type { Division } from '../../rdd/plan/stage-runner.js'
import { dividedTable, type Block, type FirstPlaces, type MergedBlocks } from '../../rdd/stages/blocks.js'
import type { EncodedFirsts } from './frames.js'

type Columns = PairColumns<unknown, unknown>

/** The table and each of its columns. */
const LEVELS_OF_TABLE = 2
/** The pairs by which the bytes of a table are estimated. */
const SAMPLE = 1024
/** The bytes in front of a block: its partition, and the length of its pairs. */
const HEAD = 8
/** The bits of a number in a byte. */
const BITS = 7
const LAST = 1 << BITS

/** Returns a table as bytes. @throws for pairs that cannot be stored */
export function encodedTable({ keys, values }: Columns): Uint8Array {
  return encodeValue([keys, values], LEVELS_OF_TABLE)
}

export function decodedTable(bytes: Uint8Array): Columns {
  const [keys, values] = decodeValue(bytes) as [unknown[], unknown[]]
  return new PairColumns(keys, values)
}

/**
 * Returns the table of a partition as a whole, where it is small, else in blocks by bucket; an empty block has no bytes. The
 * answer is the same each time, since lost blocks are made again.
 *
 * @throws for pairs that cannot be stored
 */
export function tableOrBlocks(table: Columns, partition: number, division: Division): Uint8Array | Uint8Array[] {
  const { buckets, mostBytes } = division
  if (table.size > SAMPLE) {
    const estimated = (encodedTable(sampleOf(table)).length / SAMPLE) * table.size
    return estimated > mostBytes ? encodedBlocks(table, partition, buckets) : encodedTable(table)
  }
  const whole = encodedTable(table)
  return whole.length > mostBytes ? encodedBlocks(table, partition, buckets) : whole
}

function sampleOf({ keys, values, size }: Columns): Columns {
  const at = Array.from({ length: SAMPLE }, (_, i) => Math.floor((i * size) / SAMPLE))
  return new PairColumns(
    at.map((i) => keys[i]),
    at.map((i) => values[i]),
  )
}

/** Divides a table into encoded blocks. @throws for pairs that cannot be stored */
export function encodedBlocks(table: Columns, partition: number, buckets: number): Uint8Array[] {
  return dividedTable(table, partition, buckets).map(encodedBlock)
}

function encodedBlock({ partition, pairs, places }: Block): Uint8Array {
  if (places.length === 0) return new Uint8Array(0)
  const table = encodedTable(pairs)
  const packed = packedPlaces(places)
  const bytes = new Uint8Array(HEAD + table.length + packed.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, partition)
  view.setUint32(HEAD / 2, table.length)
  bytes.set(table, HEAD)
  bytes.set(packed, HEAD + table.length)
  return bytes
}

/** Returns a block that is not empty. */
export function decodedBlock(bytes: Uint8Array): Block {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const end = HEAD + view.getUint32(HEAD / 2)
  return {
    partition: view.getUint32(0),
    pairs: decodedTable(bytes.subarray(HEAD, end)),
    // Most merges do not ask for them.
    get places() {
      return unpackedPlaces(bytes.subarray(end))
    },
  }
}

/** Decodes the blocks of a bucket one after the other, as they are merged. */
export function* decodedBlocks(blocks: readonly Uint8Array[]): Generator<Block> {
  for (const bytes of blocks) yield decodedBlock(bytes)
}

export function encodedFirsts(firsts: readonly FirstPlaces[]): EncodedFirsts {
  return {
    counts: firsts.map(({ partition, places }) => [partition, places.length] as const),
    places: firsts.map(({ places }) => packedPlaces(places)),
  }
}

/** Returns what a worker has merged. */
export function decodedMerged(table: Uint8Array, { counts, places }: EncodedFirsts): MergedBlocks {
  const firsts = counts.map(([partition], i) => ({ partition, places: unpackedPlaces(places[i]!) }))
  return { table: decodedTable(table), firsts }
}

/** Returns rising numbers as the gaps between them, most of which take a byte. */
function packedPlaces(places: readonly number[]): Uint8Array {
  let size = 0
  let last = -1
  for (const place of places) {
    for (let gap = place - last; gap >= LAST; gap >>>= BITS) size++
    size++
    last = place
  }
  const bytes = new Uint8Array(size)
  let at = 0
  last = -1
  for (const place of places) {
    let gap = place - last
    for (; gap >= LAST; gap >>>= BITS) bytes[at++] = (gap & (LAST - 1)) | LAST
    bytes[at++] = gap
    last = place
  }
  return bytes
}

function unpackedPlaces(bytes: Uint8Array): number[] {
  const places: number[] = []
  let last = -1
  let gap = 0
  let shift = 0
  for (const byte of bytes) {
    gap |= (byte & (LAST - 1)) << shift
    if (byte >= LAST) {
      shift += BITS
      continue
    }
    last += gap
    places.push(last)
    gap = shift = 0
  }
  return places
}
