import { fastKeyOf, keyOf, type MapKey } from '../../base/keys/key.js'
import type { EncodedChanges, EncodedPieces } from '../../base/values/encoded-changes.js'
import { changesOf, entriesOf, type ChangeColumns, type EntryColumns } from './columns.js'
import type { Change, StateEntry } from './entry.js'

/** What a piece takes beside its bytes, approximately. */
const BYTES_OF_PIECE = 200

/** The entries of a partition as of a version. */
interface PackedBase {
  readonly version: number
  /** {@link EntryColumns} */
  readonly pieces: EncodedPieces
  readonly size: number
}

/** A key that changes lie on. */
interface ChangedKey {
  /** The entry; `undefined` when the key is gone. */
  entry: StateEntry<unknown> | undefined
  /** Whether the key was dropped before: it then comes after the keys of the base. */
  readonly wasDropped: boolean
  /** Whether the base has the key, so that it keeps its place there. Known once the base has been read. */
  isInBase: boolean
}

/** A partition as bytes: a base, and the changes of later batches. It can be read as of any version from the base on. */
export class PackedPartition {
  readonly base: PackedBase
  readonly #baseBytes: number
  #deltas: readonly EncodedChanges[] = []
  #deltaBytes = 0

  constructor(base: PackedBase) {
    this.base = base
    this.#baseBytes = bytesOf(base.pieces)
  }

  /** The number of keys, changes of the open batch included. */
  get size(): number {
    return this.#deltas.at(-1)?.counts.size ?? this.base.size
  }

  get bytes(): number {
    return this.#baseBytes + this.#deltaBytes
  }

  /** The batch time before which no key was touched last. */
  get oldestTouch(): number {
    return this.#deltas.at(-1)?.counts.oldestTouch ?? -Infinity
  }

  /** Whether the changes have more bytes than `share` times the base, and than `leastBytes`. */
  hasOutgrown(share: number, leastBytes: number): boolean {
    return this.#deltaBytes > Math.max(share * this.#baseBytes, leastBytes)
  }

  add(delta: EncodedChanges): void {
    this.#deltas = [...this.#deltas, delta]
    this.#deltaBytes += bytesOf(delta.pieces)
  }

  /** Removes the changes of an open batch. */
  rollback(version: number): void {
    const last = this.#deltas.at(-1)
    if (last?.version !== version) return
    this.#deltas = this.#deltas.slice(0, -1)
    this.#deltaBytes -= bytesOf(last.pieces)
  }

  /** Returns the changes of the batches after a version, up to another. */
  deltas(after: number, until: number): readonly EncodedChanges[] {
    return this.#deltas.filter(({ version }) => version > after && version <= until)
  }

  /** Yields the entries as of a version, in order of first arrival. */
  *entries(until: number): Generator<StateEntry<unknown>> {
    const changed = new Map<MapKey, ChangedKey>()
    for (const delta of this.deltas(this.base.version, until)) applyTo(changed, delta)
    for (const entry of entriesOf(this.base.pieces.decoded() as Iterable<EntryColumns>)) {
      const key = fastKeyOf(entry.key)
      const change = changed.size === 0 ? undefined : changed.get(key)
      if (change === undefined) yield { ...entry, key }
      else if (!change.wasDropped) {
        change.isInBase = true
        yield change.entry!
      }
    }
    for (const { entry, isInBase } of changed.values()) if (entry !== undefined && !isInBase) yield entry
  }
}

function applyTo(changed: Map<MapKey, ChangedKey>, { version, pieces }: EncodedChanges): void {
  for (const { key, value, touchSequence } of changesOf(pieces.decoded() as Iterable<ChangeColumns>)) {
    const k = fastKeyOf(key)
    const before = changed.get(k)
    if (value === undefined) {
      // The key loses its place among the changes, and in the base.
      changed.delete(k)
      changed.set(k, { entry: undefined, wasDropped: true, isInBase: false })
      continue
    }
    const entry = { key: k, value, touched: version, touchSequence }
    if (before?.entry !== undefined) before.entry = entry
    else {
      changed.delete(k)
      changed.set(k, { entry, wasDropped: before !== undefined, isInBase: false })
    }
  }
}

/** Yields the changes of a batch as those of cells are. */
export function* decodedChanges({ version, pieces }: EncodedChanges): Generator<Change<unknown>> {
  for (const { key, value, touchSequence } of changesOf(pieces.decoded() as Iterable<ChangeColumns>)) {
    yield { key: keyOf(key), value, touched: version, touchSequence, gone: value === undefined }
  }
}

function bytesOf({ bytes }: EncodedPieces): number {
  return bytes.reduce((sum, piece) => sum + piece.byteLength + BYTES_OF_PIECE, 0)
}
