import type { MaybePromise } from '../../base/maybe-promise.js'
import type { UpdatePlan } from '../../rdd/plan/stage-runner.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Each, PartitionUpdate } from '../../streams/graph/operator.js'
import { KeyedState } from '../../streams/state/keyed-state.js'
import { Adoption } from '../../streams/state/adoption.js'
import { entriesOf, type ChangeColumns, type EntryColumns } from '../../streams/state/columns.js'
import { changeColumns, entryColumns } from '../../streams/state/state-columns.js'
import { decodedPieces, encodedChunks, encodedPieces } from './encoded-input.js'
import type { EncodedBase, EncodedState, WorkerFrame } from './frames.js'
import { OnlyThere } from './part-watch.js'

type Updated = Omit<Extract<WorkerFrame, { readonly type: 'updated' }>, 'type' | 'id'>

/** The update of a partition that no other thread waits for. */
const WITHOUT_PAUSES: Each = (elements, each) => {
  for (const element of elements) each(element)
  return Promise.resolve()
}

/** The copy of a partition of a state that a worker keeps. */
interface Copy {
  readonly table: KeyedState<unknown>
  /** The name of its last committed version. */
  on: string
  /** The name of its open version: whether that counts shows with the next update. */
  open: string | undefined
  /** The number of batches that this worker had seen when it used the copy last. */
  usedAt: number
}

/** What an update is given. */
interface UpdateParts {
  /** Returns the pairs for the partition. */
  readonly pairs: () => MaybePromise<Iterable<readonly [unknown, unknown]>>
  /** Ends the watch over the functions of the update, and returns what they have added to accumulators. */
  readonly end: () => Uint8Array | undefined
}

/** The batches after which a copy that was not used is dropped: its partition is mostly another worker's by then. */
const LONGEST_UNUSED = 100

/**
 * The copies that a worker keeps of partitions of states. The driver has the states themselves: a copy that is lost or of another
 * version is only asked for again.
 */
export class StateCopies {
  readonly #graph: Graph
  readonly #copies = new Map<string, Copy>()
  #batches = 0
  #lastBatch: number | undefined

  constructor(graph: Graph) {
    this.#graph = graph
  }

  /**
   * Updates a copy. Returns `undefined` where it is not here.
   *
   * @throws what the user's function throws; the copy is then dropped
   */
  async update(plan: UpdatePlan, state: EncodedState, { pairs, end }: UpdateParts): Promise<Updated | undefined> {
    this.#begin(state.time)
    const { update, timed } = this.#operator(plan.state)
    const key = `${plan.state}/${plan.partition}`
    const known = this.#copies.get(key)
    this.#copies.delete(key)
    const copy = state.base === undefined ? known : copyOf(state.on, state.base, { timed, partition: plan.partition })
    if (copy === undefined || !goesOn(copy, state.on)) return undefined
    const { table } = copy
    const entries = state.wantsEntries === true ? [...encodedPieces(entryColumns(table, 0))] : undefined
    table.begin(state.time)
    table.beginPartition(plan.partition)
    const place = { partition: 0, time: state.time, onRecordError: undefined, each: WITHOUT_PAUSES }
    const made = await update.run(table, await pairs(), place)
    const added = end()
    const changes = [...encodedPieces(changeColumns(table))]
    const emitted = [...encodedChunks(made)]
    copy.open = crypto.randomUUID()
    copy.usedAt = this.#batches
    this.#copies.set(key, copy)
    return { copy: copy.open, changes, counts: table.openCounts, entries, emitted, added }
  }

  #begin(time: number): void {
    if (time === this.#lastBatch) return
    this.#lastBatch = time
    this.#batches++
    for (const [key, { usedAt }] of this.#copies) if (usedAt < this.#batches - LONGEST_UNUSED) this.#copies.delete(key)
  }

  #operator(id: string): { readonly update: PartitionUpdate; readonly timed: boolean } {
    const state = this.#graph.nodes.find((node) => node.id === id)?.operator.state
    if (state?.update === undefined) throw new OnlyThere(`there is no state ${id} here`)
    return { update: state.update, timed: state.tables['state']!.timed }
  }
}

interface CopiedPartition {
  readonly partition: number
  readonly timed: boolean
}

/** Returns a copy of a partition that was sent. */
function copyOf(on: string, { version, pieces, deltas = [] }: EncodedBase, of: CopiedPartition): Copy {
  const table = new KeyedState<unknown>({ timed: of.timed })
  if (version !== undefined) {
    for (const pause of table.restore(entriesOf(decodedPieces<EntryColumns>(pieces)), version)) void pause
  }
  for (const delta of deltas) {
    table.begin(delta.version)
    table.beginPartition(of.partition)
    const adoption = new Adoption(table)
    for (const piece of decodedPieces<ChangeColumns>(delta.pieces)) adoption.add(piece)
    adoption.end()
    table.commit()
    table.forget(delta.version)
  }
  return { table, on, open: undefined, usedAt: 0 }
}

/** Brings a copy to a version: its open one, which counts then, or the one before. Returns false where it has neither. */
function goesOn(copy: Copy, on: string): boolean {
  if (copy.open === on) {
    copy.table.commit()
    copy.table.forget(copy.table.version!)
  } else if (copy.on !== on) return false
  else if (copy.open !== undefined) copy.table.rollback()
  copy.on = on
  copy.open = undefined
  return true
}
