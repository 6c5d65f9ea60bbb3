import { keyOf, type MapKey } from '../keys/key.js'
import type { FailedOutput, Remembered, TableEntry } from './checkpoint.js'
import type { CommitFrame, CommitHead, CommitRest, StoredPrint } from './commit-frames.js'

/** A key as it is stored, and the version of the program's stored form that wrote it. */
export interface StoredEntry extends TableEntry {
  readonly version: number
}
export type StoredTable = Map<MapKey, StoredEntry>

/** Everything that commits say, folded. What lives and what is recovered is the same fold. */
export class StoredState {
  zeroTime = 0
  batchMs = 0
  lastCommitted: number | undefined
  forgotten = -Infinity
  operators: readonly StoredPrint[] = []
  readonly tables = new Map<string, Map<string, StoredTable>>()
  metadata = new Map<string, unknown>()
  remembered: Remembered[] = []
  positions = new Map<string, unknown>()
  held = new Map<string, number>()
  failed: readonly FailedOutput[] = []
  #parts: CommitFrame[] = []

  /** A program goes on, perhaps another one: what it has no operator for has been let go. */
  head(head: CommitHead): void {
    this.zeroTime = head.zeroTime
    this.batchMs = head.batchMs
    this.operators = head.operators
    const known = new Set(head.operators.map(({ id }) => id))
    for (const id of this.tables.keys()) if (!known.has(id)) this.tables.delete(id)
    this.remembered = this.remembered.filter(({ operator }) => known.has(operator))
    for (const id of this.held.keys()) if (!known.has(id)) this.held.delete(id)
  }

  /** A commit counts as a whole, when its last frame is there. */
  frame(frame: CommitFrame): void {
    if (frame[0] !== 'done') {
      this.#parts.push(frame)
      return
    }
    for (const part of this.#parts.splice(0)) this.apply(part)
    this.#done(frame[1], frame[2])
  }

  /** Parts of a commit whose end never came. */
  dropUnfinished(): void {
    this.#parts = []
  }

  apply(part: CommitFrame): void {
    if (part[0] === 'remembered') this.remembered.push({ operator: part[1], time: part[2], partitions: part[3] })
    if (part[0] !== 'changes') return
    const [, operator, name, changes] = part
    const table = this.#table(operator, name)
    const version = this.operators.find(({ id }) => id === operator)?.version ?? 1
    for (const [key, value, touched = 0, turn] of changes) {
      const k = keyOf(key)
      if (value === undefined) table.delete(k)
      else table.set(k, { key: k, value, touched, turn, version })
    }
  }

  #done(time: number, rest: CommitRest): void {
    this.lastCommitted = time
    for (const [operator, value] of rest.metadata) {
      if (value === undefined) this.metadata.delete(operator)
      else this.metadata.set(operator, value)
    }
    const until = new Map(rest.unremembered)
    this.remembered = this.remembered.filter((kept) => kept.time > (until.get(kept.operator) ?? -Infinity))
    this.positions = new Map(rest.positions)
    this.held = new Map(rest.held)
    this.failed = rest.failed
    if (rest.forget !== undefined) this.forgotten = Math.max(this.forgotten, rest.forget)
  }

  #table(operator: string, name: string): StoredTable {
    let tables = this.tables.get(operator)
    if (tables === undefined) this.tables.set(operator, (tables = new Map()))
    let table = tables.get(name)
    if (table === undefined) tables.set(name, (table = new Map()))
    return table
  }
}
