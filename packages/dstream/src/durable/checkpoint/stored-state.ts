import { firstGrid, type BatchGrid } from '../../base/time/batch-times.js'
import type { Remembered } from './checkpoint.js'
import type { CommitFrame, CommitHead, CommitRest, StoredSignature } from './commit-frames.js'
import type { PendingOutput } from './pending-outputs.js'
import { StoredTable } from './stored-table.js'

/** The state that a snapshot and the commits after it give. A running job and a recovery fold the same events. */
export class StoredState {
  zeroTime = 0
  job: string | undefined
  batchMs = 0
  grids: readonly BatchGrid[] = []
  lastCommitted: number | undefined
  forgotten = -Infinity
  operators: readonly StoredSignature[] = []
  readonly tables = new Map<string, Map<string, StoredTable>>()
  remembered: Remembered[] = []
  positions = new Map<string, unknown>()
  lagging = new Map<string, number>()
  pendingOutputs: readonly PendingOutput[] = []
  #parts: CommitFrame[] = []

  /**
   * The ids of operators that have been part of a commit. Their tables exist even when empty, so that initial state
   * must not be applied again.
   */
  begun = new Set<string>()

  /** Whether any commit since the snapshot has changed a table or remembered RDDs. */
  changed = false

  /** The ids of operators for which anything is stored. */
  get holders(): ReadonlySet<string> {
    const filled = [...this.tables].filter(([, tables]) => [...tables.values()].some((table) => !table.isEmpty))
    return new Set([
      ...filled.map(([id]) => id),
      ...this.remembered.map(({ operator }) => operator),
      ...this.positions.keys(),
      ...this.lagging.keys(),
    ])
  }

  /**
   * Applies the head of a file, which a program has written that may differ from the one before. Drops the state of
   * operators that it does not have or starts without state.
   */
  head(head: CommitHead): void {
    this.zeroTime = head.zeroTime
    this.job = head.job
    this.batchMs = head.batchMs
    this.operators = head.operators
    this.grids = head.grids ?? [firstGrid(head.zeroTime, head.batchMs)]
    const fresh = new Set(head.fresh)
    const kept = new Set(head.operators.map(({ id }) => id).filter((id) => !fresh.has(id)))
    this.keepOnly((id) => kept.has(id))
  }

  /** Drops the state of all other operators. */
  keepOnly(isKept: (operator: string) => boolean): void {
    for (const byOperator of [this.tables, this.positions, this.lagging, this.begun]) {
      for (const id of byOperator.keys()) if (!isKept(id)) byOperator.delete(id)
    }
    this.remembered = this.remembered.filter(({ operator }) => isKept(operator))
  }

  /** Collects the parts of a commit, and applies them once its last frame is there, with a pause after each part. */
  *frame(frame: CommitFrame): Generator<void> {
    if (frame[0] !== 'done') {
      this.#parts.push(frame)
      return
    }
    const parts = this.#parts.splice(0)
    this.changed ||= parts.length > 0
    for (const part of parts) {
      this.#apply(part)
      yield
    }
    this.done(frame[1], frame[2])
  }

  /** Drops the parts of a commit whose last frame never came. */
  dropUnfinished(): void {
    this.#parts = []
  }

  /** Adds a part of a snapshot. */
  add(part: CommitFrame): void {
    if (part[0] === 'changes') this.#table(part[1], part[2]).addAll([...part[3]], this.#versionOf(part[1]))
    else this.#apply(part)
  }

  #apply(part: CommitFrame): void {
    if (part[0] === 'remembered') {
      const [, operator, time, partitions, isByHash = false] = part
      this.remembered.push({ operator, time, partitions, isByHash })
    }
    if (part[0] === 'emptied') this.#tablesOf(part[1]).set(part[2], new StoredTable())
    if (part[0] !== 'changes') return
    const [, operator, name, changes] = part
    const table = this.#table(operator, name)
    const version = this.#versionOf(operator)
    for (const change of changes) table.change(change, version)
  }

  #versionOf(operator: string): number {
    return this.operators.find(({ id }) => id === operator)?.version ?? 1
  }

  /** Applies the last frame of a commit, or the head of a snapshot. */
  done(time: number, rest: CommitRest): void {
    this.lastCommitted = time
    for (const { id } of this.operators) this.begun.add(id)
    const until = new Map(rest.unremembered)
    this.remembered = this.remembered.filter((kept) => kept.time > (until.get(kept.operator) ?? -Infinity))
    for (const [operator, position] of rest.positions) this.positions.set(operator, position)
    this.lagging = new Map(rest.held)
    this.pendingOutputs =
      rest.pendingOutputs ??
      (rest.failed ?? []).map(({ output, time }) => ({ output, from: time, until: time, every: 0 }))
    if (rest.forget !== undefined) this.forgotten = Math.max(this.forgotten, rest.forget)
  }

  #tablesOf(operator: string): Map<string, StoredTable> {
    let tables = this.tables.get(operator)
    if (tables === undefined) this.tables.set(operator, (tables = new Map()))
    return tables
  }

  #table(operator: string, name: string): StoredTable {
    const tables = this.#tablesOf(operator)
    let table = tables.get(name)
    if (table === undefined) tables.set(name, (table = new StoredTable()))
    return table
  }
}
