import { outputInputMissing } from '../../base/errors/outputs.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { RDD } from '../../rdd/rdd.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { OutputNode } from '../../streams/graph/output.js'
import type { RememberedRDDs } from './remembered-rdds.js'
import type { StatefulOperators } from './stateful-operators.js'

/** A batch that waits for an output. */
export interface OutputAt {
  readonly output: OutputNode
  readonly time: number
}

export interface OutputInputsOptions {
  readonly graph: Graph
  readonly evaluation: GraphEvaluation
  readonly stateful: StatefulOperators
  readonly remembered: RememberedRDDs
  readonly sc: RDDContext
}

/** Finds the input of an output for an earlier batch, and tells what it is made of. */
export class OutputInputs {
  readonly #options: OutputInputsOptions
  readonly #lookbacks = new Map<OutputNode, ReadonlyMap<Operator, number>>()

  constructor(options: OutputInputsOptions) {
    this.#options = options
  }

  /** Whether a stateful operator above the output has yet to pass the batch. */
  isBlocked({ output, time }: OutputAt): boolean {
    const { stateful } = this.#options
    if (stateful.oldestBacklog === undefined) return false
    const behind = stateful.lagging.filter((operator) => stateful.backlog(operator)[0]! <= time)
    return behind.some((operator) => this.#lookbackOf(output).has(operator))
  }

  /** Whether the input is kept, or can be made from what is kept. */
  isKept({ output, time }: OutputAt): boolean {
    return this.#options.remembered.isKept({ operator: output.parent, time })
  }

  /**
   * Returns the input of an output for a batch; `undefined` when the output has none.
   * @throws `output-input-missing`, and the error of a function between the sources and the output
   */
  async read(at: OutputAt): Promise<RDD<unknown> | undefined> {
    const { evaluation, remembered, graph, sc } = this.#options
    const operator = at.output.parent
    const kept = remembered.rdd({ operator, time: at.time }, sc)
    if (kept !== undefined) return kept.label(graph.node(operator).id, at.time)
    evaluation.clearRetryable()
    if (!remembered.restore({ operator, time: at.time }, sc)) throw outputInputMissing(at.output.id, at.time)
    return evaluation.read(operator, at.time)
  }

  /** Returns the oldest batch whose RDD of `operator` one of these outputs may read; `undefined` when none reads it. */
  oldestRead(operator: Operator, pending: readonly OutputAt[]): number | undefined {
    let oldest: number | undefined
    for (const { output, time } of pending) {
      const lookbackMs = this.#lookbackOf(output).get(operator)
      if (lookbackMs !== undefined) oldest = Math.min(oldest ?? Infinity, time - lookbackMs)
    }
    return oldest
  }

  /** Returns, for each operator above an output, how far behind the batch time it is read, in milliseconds. */
  #lookbackOf(output: OutputNode): ReadonlyMap<Operator, number> {
    const known = this.#lookbacks.get(output)
    if (known !== undefined) return known
    const lookback = new Map<Operator, number>([[output.parent, 0]])
    // Operators are listed after their parents, so one pass from the end sees every child before its parents.
    for (const { operator } of [...this.#options.graph.nodes].reverse()) {
      const below = lookback.get(operator)
      if (below === undefined) continue
      for (const above of operator.parents) {
        lookback.set(above, Math.max(lookback.get(above) ?? 0, below + operator.lookbackMs))
      }
    }
    this.#lookbacks.set(output, lookback)
    return lookback
  }
}
