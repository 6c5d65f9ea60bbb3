import type { Remembered } from '../../durable/checkpoint/checkpoint.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import { partitionSourceOf } from '../../rdd/plan/lineage.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import { rddOf } from '../../rdd/rdd-of.js'

type Partitions = Remembered['partitions']

/** Names the RDD of an operator for a batch time. */
export interface OperatorAt {
  readonly operator: Operator
  readonly time: number
}

/**
 * Keeps the contents of RDDs that later batches read and cannot compute again after a restart: those below windows, those
 * of failed outputs, and those above a lagging operator. Data of a source is not kept here; the journal has it.
 */
export class RememberedRDDs {
  readonly #graph: Graph
  readonly #evaluation: GraphEvaluation
  readonly #retention: ReadonlyMap<Operator, number>
  readonly #contents = new Map<Operator, Map<number, Partitions>>()

  /** @param retention operator → how long its RDDs are kept, in milliseconds */
  constructor(graph: Graph, evaluation: GraphEvaluation, retention: ReadonlyMap<Operator, number>) {
    this.#graph = graph
    this.#evaluation = evaluation
    this.#retention = retention
  }

  /** Takes over the contents of an RDD from a checkpoint. */
  adopt(operator: Operator, time: number, partitions: Partitions): void {
    const byTime = this.#contents.get(operator)
    if (byTime === undefined) this.#contents.set(operator, new Map([[time, partitions]]))
    else byTime.set(time, partitions)
  }

  /**
   * Remembers what later batches need of the batch of `time`, and returns it for the commit: the RDDs below windows, those
   * above the `lagging` operators, and all that the `inputs` of failed outputs are made of.
   */
  async collect(time: number, inputs: readonly OperatorAt[], lagging: readonly Operator[]): Promise<Remembered[]> {
    const wanted = new Set(lagging.flatMap(statefulAncestors))
    for (const { operator } of this.#graph.nodes) {
      if (operator.source !== true && this.#retention.get(operator)! > operator.slideMs) wanted.add(operator)
    }
    const remembered: Remembered[] = []
    for (const operator of wanted) await this.#remember({ operator, time }, remembered)
    for (const input of inputs) await this.#rememberLineage(input, remembered)
    return remembered
  }

  /** Makes the RDD of an old batch readable, from its contents or from those of its parents. False where some are missing. */
  restore(at: OperatorAt, sc: RDDContext): boolean {
    const { operator, time } = at
    if (!this.#evaluation.isValid(operator, time)) return true
    if (this.#evaluation.computed(operator, time) !== undefined) return true
    const partitions = this.#contentsOf(operator, time)
    if (partitions === undefined)
      return isDerived(operator) && this.#parentsOf(at).every((parent) => this.restore(parent, sc))
    this.#evaluation.restore(operator, time, rddOf(sc, partitions.map(partitionSourceOf), { shared: true }))
    return true
  }

  /**
   * Drops what neither a batch after `until` nor a failed output reads. Returns operator id → last dropped time.
   *
   * @param oldestRead the oldest batch of an operator that a failed output still reads
   */
  forget(until: number, oldestRead: (operator: Operator) => number | undefined): ReadonlyMap<string, number> {
    const forgotten = new Map<string, number>()
    for (const [operator, byTime] of this.#contents) {
      const beforeOldestRead = (oldestRead(operator) ?? Infinity) - 1
      const last = Math.min(until - this.#retention.get(operator)! + operator.slideMs - 1, beforeOldestRead)
      const gone = [...byTime.keys()].filter((time) => time <= last)
      for (const time of gone) byTime.delete(time)
      if (gone.length > 0) forgotten.set(this.#graph.node(operator).id, last)
    }
    return forgotten
  }

  /** Returns all contents, for a snapshot. */
  all(): Remembered[] {
    return [...this.#contents].flatMap(([operator, byTime]) =>
      [...byTime].map(([time, partitions]) => ({ operator: this.#graph.node(operator).id, time, partitions })),
    )
  }

  /** Returns false where the RDD cannot be evaluated. That failure has been reported, and later readers pass over it. */
  async #remember({ operator, time }: OperatorAt, remembered: Remembered[]): Promise<boolean> {
    if (!this.#evaluation.isValid(operator, time) || this.#contentsOf(operator, time) !== undefined) return true
    const rdd = await this.#evaluation.read(operator, time).catch(() => undefined)
    const partitions = await rdd?.partitions().catch(() => undefined)
    if (partitions === undefined) return false
    this.adopt(operator, time, partitions)
    remembered.push({ operator: this.#graph.node(operator).id, time, partitions })
    return true
  }

  /** Remembers the RDD itself; where a function between it and the sources threw, the input of that function. */
  async #rememberLineage(at: OperatorAt, remembered: Remembered[]): Promise<void> {
    if (await this.#remember(at, remembered)) return
    if (!isDerived(at.operator)) return
    for (const parent of this.#parentsOf(at)) await this.#rememberLineage(parent, remembered)
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

  #contentsOf(operator: Operator, time: number): Partitions | undefined {
    return this.#contents.get(operator)?.get(time)
  }
}

/** Whether the RDD of an old batch can be computed from the parents' RDDs: the operator is neither a source nor stateful. */
function isDerived(operator: Operator): boolean {
  return operator.state === undefined && operator.source !== true
}

/** Returns the nearest stateful operators above an operator: their RDD of an old batch cannot be computed again. */
function statefulAncestors(operator: Operator): Operator[] {
  return operator.parents.flatMap((parent) => (parent.state === undefined ? statefulAncestors(parent) : [parent]))
}
