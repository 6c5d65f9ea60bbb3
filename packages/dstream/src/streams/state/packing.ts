import { detachKey } from '../../base/keys/detach.js'
import { fastKeyOf, type MapKey } from '../../base/keys/key.js'
import type { PackingRule } from '../../base/packing-rule.js'
import type { ChangeCounts, EncodedChanges, EncodedPieces } from '../../base/values/encoded-changes.js'
import { Adoption, type OpenTable } from './adoption.js'
import type { BatchVersion, Cell, PinnedValues } from './cell.js'
import { changesOf, type ChangeColumns } from './columns.js'
import type { StateEntry } from './entry.js'
import type { History } from './history.js'
import { PackedPartition } from './packed-partition.js'
import { StatePartition } from './partition.js'
import { restoredCells } from './restored-cells.js'
import { SEQUENCES, type TouchIndex } from './touch-index.js'

/** What a worker has made of a partition, as bytes. */
export interface EncodedUpdate {
  readonly changes: EncodedPieces
  readonly counts: ChangeCounts
  /** The entries before the update, where they were asked for. */
  readonly entries?: EncodedPieces | undefined
}

/** The parts of a table. */
interface TableParts<S> {
  readonly table: OpenTable & { readonly version: number | undefined; readonly timed: boolean; readonly size: number }
  /** The cells; `undefined` for a packed partition. */
  readonly partitions: (StatePartition<S> | undefined)[]
  readonly history: History<S>
  readonly touches: TouchIndex<S>
  /** Counts changes of the open batch that no cells have; with −1 as if they had not been. */
  count(counts: ChangeCounts, times: 1 | -1): void
}

/** The changes for which a new base is asked, and those that are too many to go without one, against the bytes of the base. */
const COMPACTED_SHARE = 0.5
const MOST_SHARE = 4

/** The keys whose encoded entries are asked for in one batch, so that it does not wait for those of the whole state. */
const KEYS_AT_ONCE = 1_000_000

/**
 * Keeps partitions of a table as bytes, whose cells would take five times the memory and a decoding of each batch: those that workers
 * update and nobody here looks into. They are given their cells again as soon as a loop or a look-up needs one.
 */
export class Packing<S> {
  readonly #parts: TableParts<S>
  readonly #packed: (PackedPartition | undefined)[]
  /** The updates by workers since cells were needed, by partition. */
  readonly #unread: number[]
  /** The partition that is the first to be asked for its entries. */
  #next = 0

  constructor(parts: TableParts<S>) {
    this.#parts = parts
    this.#packed = parts.partitions.map(() => undefined)
    this.#unread = parts.partitions.map(() => 0)
  }

  /** Returns the packed form of a partition; `undefined` where it has cells. */
  of(partition: number): PackedPartition | undefined {
    return this.#packed[partition]
  }

  /** The keys and the bytes of all packed partitions. */
  get figures(): { readonly keys: number; readonly bytes: number } {
    const all = this.#packed.filter((packed) => packed !== undefined)
    return { keys: sum(all.map(({ size }) => size)), bytes: sum(all.map(({ bytes }) => bytes)) }
  }

  /** Notes that a partition was needed here, as cells or to be read. */
  isRead(partition: number): void {
    this.#unread[partition] = 0
  }

  /** Returns the partitions, of those that workers are to update, whose encoded entries are wanted: to be packed, or for a new base. */
  wanted(partitions: readonly number[], { afterUpdates, leastBytes }: PackingRule): ReadonlySet<number> {
    const { table, history } = this.#parts
    // A base is of the last version: it has nothing for those who read an older one.
    if (table.version === undefined || history.oldestRead < table.version) return new Set()
    const all = partitions.filter((partition) => {
      const packed = this.#packed[partition]
      return packed?.hasOutgrown(COMPACTED_SHARE, leastBytes) ?? this.#unread[partition]! >= afterUpdates
    })
    const most = Math.max(1, Math.floor((KEYS_AT_ONCE * this.#packed.length) / Math.max(1, table.size)))
    const inTurn = [...all.filter((p) => p >= this.#next), ...all.filter((p) => p < this.#next)].slice(0, most)
    this.#next = (inTurn.at(-1) ?? -1) + 1
    return new Set(inTurn)
  }

  /**
   * Takes the update of a partition as it is, where the partition is packed or can be.
   *
   * @returns false where its cells have to be changed
   */
  adopt(partition: number, { changes, counts, entries }: EncodedUpdate, { leastBytes }: PackingRule): boolean {
    const { history, count } = this.#parts
    this.#unread[partition]!++
    if (entries !== undefined) this.#rebase(partition, entries.owned(), counts.size - counts.grown)
    const packed = this.#packed[partition]
    // A reader of an old version may have kept it from getting a new base. Cells keep less for him.
    if (packed === undefined || packed.hasOutgrown(MOST_SHARE, leastBytes)) return false
    const open = history.open!
    const delta = { version: open.batch.version, pieces: changes.owned(), counts }
    packed.add(delta)
    open.encoded.set(partition, delta)
    open.isByPartition = true
    count(counts, 1)
    return true
  }

  /** Undoes the open batch. */
  rollback(): void {
    const { version } = this.#parts.history.open!.batch
    for (const packed of this.#packed) packed?.rollback(version)
  }

  /** Yields the packed partitions that may have keys which were last touched strictly before a time. */
  *touchedBefore(threshold: number): Generator<number> {
    for (const [partition, packed] of this.#packed.entries())
      if (packed && packed.oldestTouch < threshold) yield partition
  }

  /** Returns the entries of a partition as of a version, for a reader of the program. */
  entries(partition: number, version: number, pinned?: PinnedValues<S>): Iterator<[MapKey, S]> & Iterable<[MapKey, S]> {
    const { partitions } = this.#parts
    // A partition that is read batch after batch is decoded once.
    if (partitions[partition] === undefined && this.#unread[partition] === 1) this.unpack(partition)
    this.isRead(partition)
    return partitions[partition]?.entries(version, pinned) ?? pairsOf<S>(this.#packed[partition]!.entries(version))
  }

  /** Returns the entries of a partition as of a version, with everything that a checkpoint stores of them. */
  stored(partition: number, version: number, pinned: PinnedValues<S>): Iterable<StateEntry<S>> {
    const { partitions } = this.#parts
    return partitions[partition]?.stored(version, pinned) ?? (this.#packed[partition]!.entries(version) as Iterable<StateEntry<S>>) // prettier-ignore
  }

  /** Makes the cells of a packed partition, with the undo entries of all versions that may be read. */
  unpack(partition: number): StatePartition<S> {
    drain(this.unpacking(partition))
    return this.#parts.partitions[partition]!
  }

  /** Does the same where the partition is packed, with pauses. */
  *unpacking(partition: number): Generator<void> {
    const { table, partitions, history, touches } = this.#parts
    const packed = this.#packed[partition]
    if (packed === undefined) return
    const version = table.version!
    const from = Math.max(packed.base.version, history.oldestRead)
    const cells = new StatePartition<S>()
    yield* restoredCells(packed.entries(from) as Iterable<StateEntry<S>>, () => cells, [])
    // A reader may have needed the cells in a pause.
    if (this.#packed[partition] !== packed) return
    partitions[partition] = cells
    this.#packed[partition] = undefined
    this.isRead(partition)
    for (const delta of packed.deltas(from, version)) {
      history.replay(partition, delta, (batch) => replayIn(cells, delta, batch, table.timed))
    }
    if (table.timed) drain(touches.restore([...cellsOf(cells)].filter(({ value }) => value !== undefined)))
    for (const delta of packed.deltas(version, Infinity)) this.#adoptCells(partition, delta)
  }

  /** Gives a partition a new base: the entries of the last version. */
  #rebase(partition: number, pieces: EncodedPieces, size: number): void {
    const { table, partitions, history, touches } = this.#parts
    const version = table.version!
    if (history.oldestRead < version) return
    this.#packed[partition] = new PackedPartition({ version, pieces, size })
    const cells = partitions[partition]
    if (cells === undefined) return
    if (table.timed) touches.remove(cellsOf(cells))
    partitions[partition] = undefined
  }

  /** Applies the changes of the open batch to cells. */
  #adoptCells(partition: number, delta: EncodedChanges): void {
    const { table, history, count } = this.#parts
    const { encoded, batch } = history.open!
    encoded.delete(partition)
    count(delta.counts, -1)
    // Another partition may be under way.
    const { firstSequence } = batch
    batch.firstSequence = partition * SEQUENCES
    const adoption = new Adoption(table)
    for (const piece of delta.pieces.decoded()) adoption.add(piece as ChangeColumns)
    adoption.end()
    batch.firstSequence = firstSequence
  }
}

/** Applies changes of a committed batch to cells, with undo entries in the log of the batch. */
function replayIn<S>(
  cells: StatePartition<S>,
  { pieces }: EncodedChanges,
  batch: BatchVersion<S>,
  timed: boolean,
): void {
  const undoLog = batch.undoLog!
  for (const { key, value, touchSequence } of changesOf(pieces.decoded() as Iterable<ChangeColumns>)) {
    const k = fastKeyOf(key)
    let cell = cells.find(k)
    if (cell?.value === undefined) {
      cell = cells.add(detachKey(k), value as S, batch, cell)
      undoLog.addNew(cell, timed)
    } else if (cell.batch !== batch) {
      undoLog.add(cell, timed)
      cell.batch = batch
    }
    cell.value = value as S | undefined
    cell.touchSequence = touchSequence
    if (value === undefined) undoLog.drops++
  }
}

function* cellsOf<S>(partition: StatePartition<S>): Generator<Cell<S>> {
  for (const chunk of partition.chunks()) yield* chunk
}

function* pairsOf<S>(entries: Iterable<StateEntry<unknown>>): Generator<[MapKey, S]> {
  for (const { key, value } of entries) yield [key, value as S]
}

function drain(steps: Iterable<void>): void {
  for (const step of steps) void step
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, n) => all + n, 0)
}
