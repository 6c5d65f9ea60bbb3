import type { FailedOutput } from '../../durable/checkpoint/checkpoint.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'

/** Tells which operators an output reads, and how far behind its batch time. */
export class OutputLookback {
  readonly #graph: Graph
  readonly #known = new Map<string, ReadonlyMap<Operator, number>>()

  constructor(graph: Graph) {
    this.#graph = graph
  }

  /** The operator whose RDDs an output is given; `undefined` when the program has no such output. */
  parentOf(output: string): Operator | undefined {
    return this.#graph.outputs.find(({ id }) => id === output)?.parent
  }

  /** For each operator above an output, how far behind the batch time it is read, in milliseconds. */
  of(output: string): ReadonlyMap<Operator, number> {
    const known = this.#known.get(output)
    if (known !== undefined) return known
    const lookback = new Map<Operator, number>()
    const parent = this.parentOf(output)
    if (parent !== undefined) lookback.set(parent, 0)
    // Operators are listed after their parents, so one pass from the end sees every child before its parents.
    for (const { operator } of [...this.#graph.nodes].reverse()) {
      const below = lookback.get(operator)
      if (below === undefined) continue
      for (const above of operator.parents) {
        lookback.set(above, Math.max(lookback.get(above) ?? 0, below + operator.lookbackMs))
      }
    }
    this.#known.set(output, lookback)
    return lookback
  }

  /** The oldest batch whose RDD of `operator` one of these outputs may read; `undefined` when none reads it. */
  oldestRead(operator: Operator, outputs: readonly FailedOutput[]): number | undefined {
    const times = outputs.flatMap(({ output, time }) => {
      const lookbackMs = this.of(output).get(operator)
      return lookbackMs === undefined ? [] : [time - lookbackMs]
    })
    return times.length === 0 ? undefined : Math.min(...times)
  }
}
