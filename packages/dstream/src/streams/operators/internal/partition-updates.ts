import { chain, forEachInOrder } from '../../../base/maybe-promise.js'
import type { PackingRule } from '../../../base/packing-rule.js'
import type { EncodedPieces } from '../../../base/values/encoded-changes.js'
import { LeftRecords, recordsHere, type PlacedRecords } from '../../../rdd/execution/left-records.js'
import type {
  LeftTables,
  StateInput,
  StateUpdates,
  Task,
  UpdatedElsewhere,
  UpdatePlan,
} from '../../../rdd/plan/stage-runner.js'
import type { RDDContext } from '../../../rdd/rdd-context.js'
import type { Each, PartitionUpdate } from '../../graph/operator.js'
import type { KeyedState } from '../../state/keyed-state.js'
import { Adoption } from '../../state/adoption.js'
import type { ChangeColumns } from '../../state/columns.js'
import { entryColumns } from '../../state/state-columns.js'
import { CopyNames } from './copy-names.js'
import { eachInSlices } from './in-slices.js'

type AnyPair = readonly [unknown, unknown]

/** Pairs by partition of the state. */
type Batch<T> = readonly (readonly T[])[]

/** The pairs of a batch, and what is to be done with them. */
export interface BatchUpdate<T extends AnyPair, E> {
  readonly batch: PlacedRecords<T>
  /** The batch time in milliseconds. */
  readonly time: number
  /** Whether a partition has anything to do. */
  readonly isDue: (partition: number, pairs: readonly T[]) => boolean
  /** The keys of a partition that are looked at beside those of its records. */
  readonly knownKeys: number
  /** Whether all of it is done in this thread: the first batch of a table with initial states. */
  readonly isFirst: boolean
  /** Updates all partitions in this thread. Returns what each of them emits. */
  readonly inOrder: (batch: Batch<T>) => Promise<readonly (readonly E[])[]>
}

/**
 * Updates the partitions of a table: in this thread, or where the runner of the stages finds room. The table here is the truth. A
 * worker updates its copy of a partition, and its changes are applied to the table, or kept there as bytes where the partition is packed;
 * where it has no copy, it is sent the partition.
 */
export class PartitionUpdates<S, T extends AnyPair, E> {
  readonly #sc: RDDContext
  readonly #table: KeyedState<S>
  readonly #update: PartitionUpdate<S, T, E>
  readonly #copies = new CopyNames()

  constructor(sc: RDDContext, table: KeyedState<S>, update: PartitionUpdate<S, T, E>) {
    this.#sc = sc
    this.#table = table
    this.#update = update
  }

  /** Updates the open version of the table. Returns what each partition emits. */
  async run(update: BatchUpdate<T, E>): Promise<readonly (readonly E[])[]> {
    const table = this.#table
    this.#copies.begin(table.version)
    const { stages } = this.#sc.runtime
    // A value that cannot be stored is to be found here, with its record.
    if (stages === undefined || update.isFirst || table.checksEachValue) return this.#here(update)
    const parts = { update: this.#update, copies: this.#copies, given: update, packing: stages.packing }
    const updates = new Updates(this.#sc, table, parts)
    const done = stages.update(updates)
    if (done === undefined) return this.#here(update)
    await done
    return updates.emitted
  }

  async #here({ batch: placed, isDue, inOrder }: BatchUpdate<T, E>): Promise<readonly (readonly E[])[]> {
    const batch = await recordsHere(placed)
    for (let p = 0; p < this.#table.numPartitions; p++) {
      if (isDue(p, batch[p] ?? [])) await withCells(this.#sc, this.#table, p)
    }
    return inOrder(batch)
  }
}

interface Parts<S, T extends AnyPair, E> {
  readonly update: PartitionUpdate<S, T, E>
  readonly copies: CopyNames
  readonly given: BatchUpdate<T, E>
  readonly packing: PackingRule
}

/** The updates of one attempt at a batch. */
class Updates<S, T extends AnyPair, E> implements StateUpdates {
  readonly numPartitions: number
  readonly partitions: readonly number[]
  readonly emitted: (readonly E[])[]
  readonly #sc: RDDContext
  readonly #table: KeyedState<S>
  readonly #parts: Parts<S, T, E>
  readonly #each: Each
  /** The partitions whose entries are to come with their changes. */
  readonly #wanted: ReadonlySet<number>

  constructor(sc: RDDContext, table: KeyedState<S>, parts: Parts<S, T, E>) {
    this.#sc = sc
    this.#table = table
    this.#parts = parts
    this.#each = eachInSlices(sc)
    this.numPartitions = table.numPartitions
    const { copies, given, packing } = parts
    const { batch, time } = given
    const all = Array.from({ length: table.numPartitions }, (_, p) => p)
    // Which partitions have pairs among those that are elsewhere is unknown.
    const isDue = (p: number) => batch instanceof LeftRecords || given.isDue(p, batch[p] ?? [])
    this.emitted = all.map(() => [])
    this.partitions = all.filter(isDue)
    for (const p of all) if (!isDue(p)) copies.keep(p, time)
    const withCopies = this.partitions.filter((p) => copies.of(p) !== undefined)
    this.#wanted = table.packing.wanted(withCopies, packing)
  }

  get left(): LeftTables | undefined {
    const { batch } = this.#parts.given
    return batch instanceof LeftRecords ? batch.tables : undefined
  }

  get functions(): StateUpdates['functions'] {
    return this.#parts.update.functions
  }

  taskOf(partition: number): Task<UpdatePlan> {
    const { copies, given } = this.#parts
    const { batch, time, knownKeys } = given
    const { left } = this
    const records = batch instanceof LeftRecords ? [] : (batch[partition] ?? [])
    const newKeys = left === undefined ? records.length : Math.ceil(left.pairs / this.numPartitions)
    const known = copies.of(partition)
    const state: StateInput = {
      records,
      merge: left?.plan,
      time,
      on: known ?? crypto.randomUUID(),
      base: known === undefined ? this.#baseOf(partition) : undefined,
      // An update of a packed partition here would look at all of its keys.
      keys: this.#table.packing.of(partition)?.size ?? newKeys + knownKeys,
      wantsEntries: this.#wanted.has(partition),
    }
    return { partition, plan: { state: this.#table.operatorId!, partition }, input: { state }, count: () => undefined }
  }

  withBase(task: Task): Task {
    if (!('state' in task.input)) return task
    return { ...task, input: { state: { ...task.input.state, base: this.#baseOf(task.partition) } } }
  }

  async update(partition: number): Promise<void> {
    const { update, given } = this.#parts
    const { onRecordError } = this.#sc.runtime
    await withCells(this.#sc, this.#table, partition)
    this.#table.beginPartition(partition)
    const place = { partition, time: given.time, onRecordError, each: this.#each }
    const batch = await recordsHere(given.batch)
    this.emitted[partition] = await update.run(this.#table, batch[partition] ?? [], place)
  }

  async adopt(partition: number, updated: UpdatedElsewhere): Promise<void> {
    const { copy, changes, emitted } = updated
    if (!this.#table.packing.adopt(partition, updated, this.#parts.packing)) await this.#adoptCells(partition, changes)
    const records: E[] = []
    for (const chunk of emitted) await this.#each(chunk as E[], (record) => void records.push(record))
    this.emitted[partition] = records
    this.#parts.copies.set(partition, copy, this.#parts.given.time)
  }

  async #adoptCells(partition: number, changes: EncodedPieces): Promise<void> {
    this.#table.beginPartition(partition)
    const adoption = new Adoption(this.#table as KeyedState<unknown>)
    for (const piece of changes.decoded()) {
      await this.#each([piece], (columns) => adoption.add(columns as ChangeColumns))
    }
    adoption.end()
  }

  #baseOf(partition: number): NonNullable<StateInput['base']> {
    const table = this.#table as KeyedState<unknown>
    const packed = table.packing.of(partition)
    if (packed !== undefined) {
      const { version, pieces } = packed.base
      return { version, packed: pieces, deltas: packed.deltas(version, table.version!) }
    }
    return { version: table.version, pieces: () => entryColumns(table, partition) }
  }
}

/** Gives a partition its cells where it is packed, and notes that they are needed here. */
async function withCells<S>({ runtime }: RDDContext, { packing }: KeyedState<S>, partition: number): Promise<void> {
  packing.isRead(partition)
  if (packing.of(partition) === undefined) return
  const slice = runtime.yielder.begin()
  for (const step of packing.unpacking(partition)) {
    void step
    const pause = slice.pause()
    if (pause !== undefined) await pause
  }
}

/** Updates all partitions of a table in this thread, one after the other. Returns what each of them emits. */
export async function updateInOrder<S, T extends AnyPair, E>(
  sc: RDDContext,
  table: KeyedState<S>,
  update: PartitionUpdate<S, T, E>,
  { batch, time }: { readonly batch: Batch<T>; readonly time: number },
): Promise<readonly (readonly E[])[]> {
  const emitted: (readonly E[])[] = []
  const each = eachInSlices(sc)
  const { onRecordError } = sc.runtime
  await forEachInOrder(table.numPartitions, (partition) =>
    chain(update.run(table, batch[partition] ?? [], { partition, time, onRecordError, each }), (records) => {
      emitted.push(records)
    }),
  )
  return emitted
}
