import type { Remembered } from '../../durable/checkpoint/checkpoint.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import { partOf } from '../../rdd/plan/lineage.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import { rddOf } from '../../rdd/rdd-of.js'

type Partitions = Remembered['partitions']

/** The RDD of an operator for a batch time. */
export interface OperatorAt {
  readonly operator: Operator
  readonly time: number
}

/**
 * Contents of RDDs that batches of a later life will read and cannot make again: those below windows, those of outputs
 * that are owed, and those above an operator that has fallen behind. What a source gave is made again from the journal.
 */
export class RememberedRDDs {
  readonly #graph: Graph
  readonly #evaluation: GraphEvaluation
  readonly #keep: ReadonlyMap<Operator, number>
  readonly #kept = new Map<Operator, Map<number, Partitions>>()

  constructor(graph: Graph, evaluation: GraphEvaluation, keep: ReadonlyMap<Operator, number>) {
    this.#graph = graph
    this.#evaluation = evaluation
    this.#keep = keep
  }

  /** Takes over what an earlier life has kept. */
  adopt(operator: Operator, time: number, partitions: Partitions): void {
    const kept = this.#kept.get(operator)
    if (kept === undefined) this.#kept.set(operator, new Map([[time, partitions]]))
    else kept.set(time, partitions)
  }

  /** What is to be kept of the batch of `time`: below windows, and above `behind`; and what `owing` is made of. */
  async keep(time: number, owing: readonly OperatorAt[], behind: readonly Operator[]): Promise<Remembered[]> {
    const wanted = new Set(behind.flatMap(cutsAbove))
    for (const { operator } of this.#graph.nodes) {
      if (operator.source !== true && this.#keep.get(operator)! > operator.slideMs) wanted.add(operator)
    }
    const remembered: Remembered[] = []
    for (const operator of wanted) await this.#remember({ operator, time }, remembered)
    for (const at of owing) await this.#rememberWhatMakes(at, remembered)
    return remembered
  }

  /** Makes the RDD of an old batch readable: from itself, or from all that it is made of. False where something is missing. */
  putBack(at: OperatorAt, sc: RDDContext): boolean {
    const { operator, time } = at
    if (!this.#evaluation.isValid(operator.slideMs, time)) return true
    if (this.#evaluation.computed(operator, time) !== undefined) return true
    const partitions = this.#contents(operator, time)
    if (partitions === undefined) return isMade(operator) && parentsOf(at).every((parent) => this.putBack(parent, sc))
    this.#evaluation.restore(operator, time, rddOf(sc, partitions.map(partOf), { shared: true }))
    return true
  }

  /** Lets go of what no batch after `until` reads and no output in `owed` waits for. Operator id → time. */
  forget(until: number, owed: (operator: Operator) => number | undefined): ReadonlyMap<string, number> {
    const forgotten = new Map<string, number>()
    for (const [operator, kept] of this.#kept) {
      const oldestOwed = owed(operator) ?? Infinity
      const last = Math.min(until - this.#keep.get(operator)! + operator.slideMs - 1, oldestOwed - 1)
      const gone = [...kept.keys()].filter((time) => time <= last)
      for (const time of gone) kept.delete(time)
      if (gone.length > 0) forgotten.set(this.#graph.node(operator).id, last)
    }
    return forgotten
  }

  /** Everything that is kept, for a snapshot. */
  all(): Remembered[] {
    return [...this.#kept].flatMap(([operator, kept]) =>
      [...kept].map(([time, partitions]) => ({ operator: this.#graph.node(operator).id, time, partitions })),
    )
  }

  /** False where it cannot be evaluated: that has been reported as failed, and whoever reads it later passes over it. */
  async #remember({ operator, time }: OperatorAt, remembered: Remembered[]): Promise<boolean> {
    if (!this.#evaluation.isValid(operator.slideMs, time) || this.#contents(operator, time) !== undefined) return true
    const rdd = await this.#evaluation.read(operator, time).catch(() => undefined)
    const partitions = await rdd?.held().catch(() => undefined)
    if (partitions === undefined) return false
    this.adopt(operator, time, partitions)
    remembered.push({ operator: this.#graph.node(operator).id, time, partitions })
    return true
  }

  /** The RDD itself; where a function between it and the sources threw, what that function was given. */
  async #rememberWhatMakes(at: OperatorAt, remembered: Remembered[]): Promise<void> {
    if (await this.#remember(at, remembered)) return
    if (!isMade(at.operator)) return
    for (const parent of parentsOf(at)) await this.#rememberWhatMakes(parent, remembered)
  }

  #contents(operator: Operator, time: number): Partitions | undefined {
    return this.#kept.get(operator)?.get(time)
  }
}

/** Whether the RDD of an old batch can be computed from those of the parents: neither data from outside nor state. */
function isMade(operator: Operator): boolean {
  return operator.state === undefined && operator.source !== true
}

/** All that an operator which is made of its parents reads for the RDD of one batch. */
function parentsOf({ operator, time }: OperatorAt): OperatorAt[] {
  return operator.parents.flatMap((parent) => {
    const parents: OperatorAt[] = []
    const after = time - Math.max(operator.lookbackMs, 1)
    for (let t = time; t > after; t -= parent.slideMs) parents.push({ operator: parent, time: t })
    return parents
  })
}

/** The nearest operators with state above an operator: their RDD of an old batch cannot be computed again. */
function cutsAbove(operator: Operator): Operator[] {
  return operator.parents.flatMap((parent) => (parent.state === undefined ? cutsAbove(parent) : [parent]))
}
