import { keyOf, type MapKey } from '../../base/keys/key.js'
import type { TableEntry } from './checkpoint.js'
import type { StoredChange } from './commit-frames.js'

/** A stored key, with the version of the program's stored form that wrote it. */
export interface StoredEntry extends TableEntry {
  readonly version: number
}

interface SnapshotChunk {
  readonly entries: StoredChange[]
  version: number
}

interface KeyChange {
  /** The entry; `undefined` when the key is gone. */
  readonly entry: StoredEntry | undefined
  /** Whether the key was dropped before. It then comes after the keys of the chunks. */
  readonly dropped: boolean
  /** Whether the chunks hold the key, so that it keeps its place there. Known once the chunks have been walked. */
  inChunk: boolean
}

/** The number of changed keys that a migration reads between two pauses. */
const READ_AT_ONCE = 1000

/**
 * A table as a snapshot and the commits after it give it, with its keys in order of first arrival. Only the keys that
 * commits have changed are found by value. Those of the snapshot, which may be millions, stay a list, since a table by
 * key took a third of the time of a start.
 */
export class StoredTable {
  readonly #chunks: SnapshotChunk[] = []
  readonly #changes = new Map<MapKey, KeyChange>()
  /** The versions of the changed keys. */
  readonly #versions = new Set<number>()

  /** Adds entries of the snapshot, whose keys the table does not have. The array then belongs to the table. */
  addAll(entries: StoredChange[], version: number): void {
    for (const entry of entries as [unknown][]) entry[0] = keyOf(entry[0])
    this.#chunks.push({ entries, version })
  }

  /** Applies a stored change. */
  change([key, value, touched = 0, touchSequence]: StoredChange, version: number): void {
    const k = keyOf(key)
    const before = this.#changes.get(k)
    if (value === undefined) {
      // The key loses its place among the changes. The entry without a value keeps it from taking its place among the
      // chunks.
      this.#changes.delete(k)
      if (this.#chunks.length > 0) this.#changes.set(k, { entry: undefined, dropped: true, inChunk: false })
      return
    }
    this.#versions.add(version)
    if (before !== undefined && before.entry === undefined) this.#changes.delete(k)
    const entry = { key: k, value, touched, touchSequence, version }
    this.#changes.set(k, { entry, dropped: before?.dropped === true, inChunk: before?.inChunk === true })
  }

  get isEmpty(): boolean {
    return this.values().next().done === true
  }

  *values(): Generator<StoredEntry, void, undefined> {
    for (const { entries, version } of this.#chunks) {
      for (const [key, value, touched = 0, touchSequence] of entries) {
        const change = this.#changes.size === 0 ? undefined : this.#changes.get(key as MapKey)
        if (change === undefined) yield { key, value, touched, touchSequence, version }
        else if (!change.dropped) {
          change.inChunk = true
          yield change.entry!
        }
      }
    }
    for (const change of this.#changes.values()) {
      if (change.entry !== undefined && !change.inChunk) yield change.entry
    }
  }

  /** Converts every value to `version`, with a pause after each chunk and after some changed keys. */
  *migrate(version: number, read: (entry: StoredEntry) => unknown): Generator<void> {
    for (const chunk of this.#chunks) {
      if (chunk.version === version) continue
      for (const [i, [key, value, touched = 0, touchSequence]] of chunk.entries.entries()) {
        if (this.#changes.has(key as MapKey)) continue
        const entry = { key, value, touched, touchSequence, version: chunk.version }
        chunk.entries[i] = [key, read(entry), touched, touchSequence]
      }
      chunk.version = version
      yield
    }
    if ([...this.#versions].every((known) => known === version)) return
    let n = 0
    for (const [key, { entry, ...place }] of this.#changes) {
      if (++n % READ_AT_ONCE === 0) yield
      if (entry === undefined || entry.version === version) continue
      this.#changes.set(key, { entry: { ...entry, value: read(entry), version }, ...place })
    }
  }
}
