import type { Remembered } from '../checkpoint/checkpoint.js'
import type { Evaluation } from '../graph/evaluate.js'
import type { Graph } from '../graph/graph.js'
import type { Operator } from '../graph/operator.js'

type Partitions = Remembered['partitions']

/**
 * Contents of RDDs that batches of a later life will read and cannot make again: those below windows, those of outputs
 * that are owed, and those above an operator that has fallen behind. What a source gave is made again from the journal.
 */
export class RememberedRDDs {
  readonly #graph: Graph
  readonly #evaluation: Evaluation
  readonly #keep: ReadonlyMap<Operator, number>
  readonly #kept = new Map<Operator, Map<number, Partitions>>()

  constructor(graph: Graph, evaluation: Evaluation, keep: ReadonlyMap<Operator, number>) {
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

  contents(operator: Operator, time: number): Partitions | undefined {
    return this.#kept.get(operator)?.get(time)
  }

  /** What is to be kept of the batch of `time`: below windows, of `owing` itself, and above `behind`. */
  async keep(time: number, owing: readonly Operator[], behind: readonly Operator[]): Promise<Remembered[]> {
    const wanted = new Set([...owing, ...behind.flatMap(cutsAbove)])
    for (const { operator } of this.#graph.nodes) {
      if (operator.source !== true && this.#keep.get(operator)! > operator.slideMs) wanted.add(operator)
    }
    const remembered: Remembered[] = []
    for (const operator of wanted) {
      if (!this.#evaluation.isValid(operator.slideMs, time)) continue
      // What cannot be evaluated has been reported as failed; whoever reads it later passes over it.
      const rdd = await this.#evaluation.read(operator, time).catch(() => undefined)
      const partitions = await rdd?.held().catch(() => undefined)
      if (partitions === undefined) continue
      this.adopt(operator, time, partitions)
      remembered.push({ operator: this.#graph.node(operator).id, time, partitions })
    }
    return remembered
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
}

/** The nearest operators with state above an operator: their RDD of an old batch cannot be computed again. */
const cutsAbove = (operator: Operator): Operator[] =>
  operator.parents.flatMap((parent) => (parent.state === undefined ? cutsAbove(parent) : [parent]))
