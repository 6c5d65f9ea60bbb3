import { chain, forEachInOrder, type MaybePromise } from '../../../base/maybe-promise.js'
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
import { Adoption, entryColumns, type ChangeColumns } from '../../state/state-columns.js'
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
 * worker updates its copy of a partition, and its changes are applied to the table; where it has no copy, it is sent the partition.
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
    const { batch, inOrder } = update
    if (stages === undefined || update.isFirst || table.checksEachValue) return inOrder(await recordsHere(batch))
    const updates = new Updates(this.#sc, table, { update: this.#update, copies: this.#copies, given: update })
    const done = stages.update(updates)
    if (done === undefined) return inOrder(await recordsHere(batch))
    await done
    return updates.emitted
  }
}

interface Parts<S, T extends AnyPair, E> {
  readonly update: PartitionUpdate<S, T, E>
  readonly copies: CopyNames
  readonly given: BatchUpdate<T, E>
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

  constructor(sc: RDDContext, table: KeyedState<S>, parts: Parts<S, T, E>) {
    this.#sc = sc
    this.#table = table
    this.#parts = parts
    this.#each = eachInSlices(sc)
    this.numPartitions = table.numPartitions
    const { copies, given } = parts
    const { batch, time } = given
    const all = Array.from({ length: table.numPartitions }, (_, p) => p)
    // Which partitions have pairs among those that are elsewhere is unknown.
    const isDue = (p: number) => batch instanceof LeftRecords || given.isDue(p, batch[p] ?? [])
    this.emitted = all.map(() => [])
    this.partitions = all.filter(isDue)
    for (const p of all) if (!isDue(p)) copies.keep(p, time)
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
      keys: newKeys + knownKeys,
    }
    return { partition, plan: { state: this.#table.operatorId!, partition }, input: { state }, count: () => undefined }
  }

  withBase(task: Task): Task {
    if (!('state' in task.input)) return task
    return { ...task, input: { state: { ...task.input.state, base: this.#baseOf(task.partition) } } }
  }

  update(partition: number): MaybePromise<void> {
    const { update, given } = this.#parts
    const { onRecordError } = this.#sc.runtime
    const place = { partition, time: given.time, onRecordError, each: this.#each }
    return chain(recordsHere(given.batch), (batch) =>
      chain(
        update.run(this.#table, batch[partition] ?? [], place),
        (records) => void (this.emitted[partition] = records),
      ),
    )
  }

  async adopt(partition: number, { copy, changes, emitted }: UpdatedElsewhere): Promise<void> {
    const adoption = new Adoption(this.#table as KeyedState<unknown>)
    for (const piece of changes) {
      await this.#each([piece], (columns) => adoption.add(columns as ChangeColumns))
    }
    adoption.end()
    const records: E[] = []
    for (const chunk of emitted) await this.#each(chunk as E[], (record) => void records.push(record))
    this.emitted[partition] = records
    this.#parts.copies.set(partition, copy, this.#parts.given.time)
  }

  #baseOf(partition: number): NonNullable<StateInput['base']> {
    const table = this.#table as KeyedState<unknown>
    return { version: table.version, pieces: () => entryColumns(table, partition) }
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
