import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'

/** How many batches a stateful operator may fall behind before the context gives up. */
export const MAX_WAITING_BATCHES = 1000

/**
 * The turns of the stateful operators. Each advances once per batch whatever the outputs pull, and none goes past a batch
 * on which it failed: it owes that batch, with the inputs of then, until it has passed it.
 */
export class StatefulOperators {
  readonly #operators: readonly Operator[]
  readonly #evaluation: GraphEvaluation
  readonly #owed = new Map<Operator, number[]>()
  readonly #attempts = new Map<Operator, number>()

  constructor(graph: Graph, evaluation: GraphEvaluation) {
    this.#operators = graph.nodes.map((node) => node.operator).filter((operator) => operator.state !== undefined)
    this.#evaluation = evaluation
  }

  get operators(): readonly Operator[] {
    return this.#operators
  }

  /** The batches that an operator has not passed yet, oldest first. */
  owed(operator: Operator): readonly number[] {
    return this.#owed.get(operator) ?? []
  }

  owe(operator: Operator, times: readonly number[]): void {
    this.#owed.set(operator, [...times])
  }

  /** The oldest batch that some operator still has to pass: its inputs are not to be forgotten. */
  get oldestOwed(): number | undefined {
    const oldest = [...this.#owed.values()].flatMap((times) => times.slice(0, 1))
    return oldest.length === 0 ? undefined : Math.min(...oldest)
  }

  /** Advances every stateful operator through what it owes and through `time`, parents before children. */
  async advance(
    time: number,
    failed: (operator: Operator, time: number, error: unknown, attempt: number) => void,
  ): Promise<void> {
    for (const operator of this.#operators) {
      const due = this.#evaluation.isValid(operator.slideMs, time)
        ? [...this.owed(operator), time]
        : this.owed(operator)
      await this.#pass(operator, due, failed)
    }
  }

  async #pass(
    operator: Operator,
    due: readonly number[],
    failed: (operator: Operator, time: number, error: unknown, attempt: number) => void,
  ): Promise<void> {
    for (const [place, time] of due.entries()) {
      try {
        await this.#evaluation.read(operator, time)
        this.#attempts.delete(operator)
      } catch (error) {
        const attempt = (this.#attempts.get(operator) ?? 0) + 1
        this.#attempts.set(operator, attempt)
        this.#owed.set(operator, due.slice(place))
        // Nobody may have it advance past the batch that it owes.
        for (const later of due.slice(place + 1)) this.#evaluation.refuse(operator, later, error)
        failed(operator, time, error, attempt)
        return
      }
    }
    this.#owed.delete(operator)
  }
}
