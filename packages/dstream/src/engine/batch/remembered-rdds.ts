import { encodeRemembered } from '../../durable/checkpoint/commit-frames.js'
import { HashPartitioner } from '../../base/keys/partitioner.js'
import { caught } from '../../base/maybe-promise.js'
import { estimatedBytes } from '../../durable/codec/estimated-bytes.js'
import type { Remembered, RememberedContents } from '../../durable/checkpoint/checkpoint.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import { partitionSourceOf } from '../../rdd/plan/lineage.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { RDD } from '../../rdd/rdd.js'
import { rddOf } from '../../rdd/rdd-of.js'

const SAMPLED_BATCHES = 8

/** Names the RDD of an operator for a batch time. */
export interface OperatorAt {
  readonly operator: Operator
  readonly time: number
}

/**
 * Keeps the contents of RDDs that later batches read and cannot compute again after a restart: those that a window reads,
 * those of pending outputs, and those above a lagging operator. Data of a source is not kept here; the journal has it.
 */
export class RememberedRDDs {
  readonly #graph: Graph
  readonly #evaluation: GraphEvaluation
  readonly #isStored: boolean
  readonly #contents = new Map<Operator, Map<number, RememberedContents>>()

  /** @param isStored whether contents are written to a checkpoint, and must be storable therefore */
  constructor(graph: Graph, evaluation: GraphEvaluation, isStored: boolean) {
    this.#graph = graph
    this.#evaluation = evaluation
    this.#isStored = isStored
  }

  /** Takes over the contents of an RDD from a checkpoint. */
  adopt(operator: Operator, time: number, contents: RememberedContents): void {
    const byTime = this.#contents.get(operator)
    if (byTime === undefined) this.#contents.set(operator, new Map([[time, contents]]))
    else byTime.set(time, contents)
  }

  /**
   * Remembers what later batches need of the batch of `time`, and returns it for the commit: the RDDs that windows read, and
   * those above the `lagging` operators.
   */
  async collect(time: number, lagging: readonly Operator[]): Promise<Remembered[]> {
    const wanted = new Set(lagging.flatMap(statefulAncestors))
    for (const operator of this.#evaluation.kept.keys()) if (operator.source !== true) wanted.add(operator)
    const remembered: Remembered[] = []
    for (const operator of wanted) await this.#remember({ operator, time }, remembered)
    return remembered
  }

  /**
   * Remembers all that the input of an output is made of, and adds it to `remembered`. Returns false when a part of it can
   * only be read from its source.
   *
   * @param broken the id of an operator whose function threw: it is not called again, and its input is kept instead
   */
  async collectInput(input: OperatorAt, remembered: Remembered[], broken: string | undefined): Promise<boolean> {
    const isBroken = broken !== undefined && this.#isMadeBy(input.operator, broken)
    if (!isBroken && (await this.#remember(input, remembered))) return true
    if (!isDerived(input.operator)) return false
    let isComplete = true
    for (const parent of this.#parentsOf(input))
      isComplete = (await this.collectInput(parent, remembered, broken)) && isComplete
    return isComplete
  }

  /** Whether the RDD of an old batch is kept, or can be made from what is kept. */
  isKept(at: OperatorAt): boolean {
    if (this.#contentsOf(at.operator, at.time) !== undefined) return true
    return isDerived(at.operator) && this.#parentsOf(at).every((parent) => this.isKept(parent))
  }

  /** Returns the RDD of an old batch whose records are kept. */
  rdd({ operator, time }: OperatorAt, sc: RDDContext): RDD<unknown> | undefined {
    const contents = this.#contentsOf(operator, time)
    if (contents === undefined) return undefined
    const { partitions, isByHash } = contents
    const partitioner = isByHash ? new HashPartitioner(partitions.length) : undefined
    return rddOf(sc, partitions.map(partitionSourceOf), { shared: true, partitioner })
  }

  /** Makes the RDD of an old batch readable, from its contents, its source or its parents. False where some are missing. */
  restore(at: OperatorAt, sc: RDDContext): boolean {
    const { operator, time } = at
    if (!this.#evaluation.isValid(operator, time)) return true
    if (this.#evaluation.computed(operator, time) !== undefined) return true
    const rdd = this.rdd(at, sc)
    if (rdd !== undefined) {
      this.#evaluation.restore(operator, time, rdd)
      return true
    }
    if (operator.source === true) return this.#evaluation.isReadable(operator, time)
    return isDerived(operator) && this.#parentsOf(at).every((parent) => this.restore(parent, sc))
  }

  /**
   * Drops what neither a batch after `until` nor a pending output reads. Returns operator id → last dropped time.
   *
   * @param oldestRead the oldest batch of an operator that a pending output still reads
   */
  forget(until: number, oldestRead: (operator: Operator) => number | undefined): ReadonlyMap<string, number> {
    const forgotten = new Map<string, number>()
    for (const [operator, byTime] of this.#contents) {
      const beforeOldestRead = (oldestRead(operator) ?? Infinity) - 1
      const keptMs = this.#evaluation.kept.get(operator) ?? operator.slideMs
      const last = Math.min(until - keptMs + operator.slideMs - 1, beforeOldestRead)
      const gone = [...byTime.keys()].filter((time) => time <= last)
      for (const time of gone) byTime.delete(time)
      if (gone.length > 0) forgotten.set(this.#graph.node(operator).id, last)
    }
    return forgotten
  }

  /** Returns the estimated bytes of the records that are kept for the RDD of an old batch; its parents' where it is not kept. */
  bytes(at: OperatorAt): number {
    const contents = this.#contentsOf(at.operator, at.time)
    if (contents !== undefined) return bytesOf(contents)
    return isDerived(at.operator) ? this.#parentsOf(at).reduce((sum, parent) => sum + this.bytes(parent), 0) : 0
  }

  /** Returns the number of batches of an operator that are kept, and their estimated bytes. */
  held(operator: Operator): { readonly batches: number; readonly bytes: number } {
    const all = [...(this.#contents.get(operator)?.values() ?? [])]
    // The batches of a long window are alike: some of them stand for all.
    const step = Math.max(1, Math.ceil(all.length / SAMPLED_BATCHES))
    const sampled = all.filter((_, i) => i % step === 0)
    const bytes = sampled.reduce((sum, contents) => sum + bytesOf(contents), 0)
    return { batches: all.length, bytes: sampled.length === 0 ? 0 : Math.ceil((bytes * all.length) / sampled.length) }
  }

  /** Returns all contents, for a snapshot. */
  all(): Remembered[] {
    return [...this.#contents].flatMap(([operator, byTime]) =>
      [...byTime].map(([time, contents]) => ({ operator: this.#graph.node(operator).id, time, ...contents })),
    )
  }

  /**
   * Returns false where the RDD cannot be evaluated, which has been reported, or holds a record that cannot be stored. Later
   * readers compute it again from its parents.
   */
  async #remember({ operator, time }: OperatorAt, remembered: Remembered[]): Promise<boolean> {
    if (!this.#evaluation.isValid(operator, time) || this.#contentsOf(operator, time) !== undefined) return true
    const rdd = await caught(this.#evaluation.readKept(operator, time), () => undefined)
    const partitions = await rdd?.partitions().catch(() => undefined)
    if (partitions === undefined) return false
    const contents = { partitions, isByHash: rdd!.partitioner instanceof HashPartitioner }
    if (this.#isStored) {
      const one = { operator: this.#graph.node(operator).id, time, ...contents }
      const frame = encoded(one)
      if (frame === undefined) return false
      remembered.push({ ...one, frame })
    }
    this.adopt(operator, time, contents)
    await rdd!.context.runtime.yielder.begin().pause()
    return true
  }

  /** Whether an operator, or one between it and the nearest sources and states, has this id. */
  #isMadeBy(operator: Operator, id: string): boolean {
    if (this.#graph.node(operator).id === id) return true
    return isDerived(operator) && operator.parents.some((parent) => this.#isMadeBy(parent, id))
  }

  /** Returns all RDDs that a derived operator reads for the RDD of one batch, newest first. */
  #parentsOf({ operator, time }: OperatorAt): OperatorAt[] {
    const afterMs = time - Math.max(operator.lookbackMs, 1)
    return operator.parents.flatMap((parent) =>
      this.#evaluation
        .times(parent, afterMs, time)
        .reverse()
        .map((at): OperatorAt => ({ operator: parent, time: at })),
    )
  }

  #contentsOf(operator: Operator, time: number): RememberedContents | undefined {
    return this.#contents.get(operator)?.get(time)
  }
}

/** Returns the frame of a commit for an RDD, or `undefined` when one of its records cannot be stored. */
function encoded(remembered: Remembered): Uint8Array | undefined {
  try {
    return encodeRemembered(remembered)
  } catch {
    return undefined
  }
}

/** Returns the approximate length of the records as they are stored. A batch without records costs nothing. */
function bytesOf({ partitions }: RememberedContents): number {
  return partitions.reduce((bytes, partition) => {
    const size = Array.isArray(partition) ? partition.length : (partition as { readonly size: number }).size
    return bytes + estimatedBytes(partition, size)
  }, 0)
}

/** Whether the RDD of an old batch can be computed from the parents' RDDs: the operator is neither a source nor stateful. */
function isDerived(operator: Operator): boolean {
  return operator.state === undefined && operator.source !== true
}

/** Returns the nearest stateful operators above an operator: their RDD of an old batch cannot be computed again. */
function statefulAncestors(operator: Operator): Operator[] {
  return operator.parents.flatMap((parent) => (parent.state === undefined ? statefulAncestors(parent) : [parent]))
}
