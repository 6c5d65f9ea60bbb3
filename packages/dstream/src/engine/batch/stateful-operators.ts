import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'

/** How many batches a stateful operator may lag behind before the context gives up. */
export const MAX_BACKLOG = 1000

/** Receives the failure of a stateful operator: the operator, the batch time, the error, and the number of the attempt. */
export type OperatorFailed = (operator: Operator, time: number, error: unknown, attempt: number) => void

/**
 * Advances the stateful operators, each once per batch whichever outputs read it. An operator that fails on a batch does
 * not go past it: that batch and the later ones are its backlog, kept with their inputs until it has passed them.
 */
export class StatefulOperators {
  readonly #operators: readonly Operator[]
  readonly #evaluation: GraphEvaluation
  readonly #backlogs = new Map<Operator, readonly number[]>()
  readonly #attempts = new Map<Operator, number>()

  constructor(graph: Graph, evaluation: GraphEvaluation) {
    this.#operators = graph.nodes.map((node) => node.operator).filter((operator) => operator.state !== undefined)
    this.#evaluation = evaluation
  }

  get all(): readonly Operator[] {
    return this.#operators
  }

  /** The operators that have a backlog. */
  get lagging(): readonly Operator[] {
    return this.#operators.filter((operator) => this.#backlogs.has(operator))
  }

  /** The batches that an operator has not passed yet, oldest first. */
  backlog(operator: Operator): readonly number[] {
    return this.#backlogs.get(operator) ?? []
  }

  /** Takes over the backlog of an operator from a checkpoint. */
  restoreBacklog(operator: Operator, times: readonly number[]): void {
    if (times.length > 0) this.#backlogs.set(operator, times)
  }

  /** Returns the last time before the backlog of a lagging operator. */
  passedBefore(operator: Operator): number {
    const oldest = this.backlog(operator)[0]!
    return this.#evaluation.lastBefore(operator, oldest) ?? oldest - operator.slideMs
  }

  /** The oldest batch in any backlog: its inputs must be kept. */
  get oldestBacklog(): number | undefined {
    const oldest = [...this.#backlogs.values()].flatMap((times) => times.slice(0, 1))
    return oldest.length === 0 ? undefined : Math.min(...oldest)
  }

  /** Advances every stateful operator through its backlog and through `time`, parents before children. */
  async advance(time: number, failed: OperatorFailed): Promise<void> {
    for (const operator of this.#operators) {
      const backlog = this.backlog(operator)
      const due = this.#evaluation.isValid(operator, time) ? [...backlog, time] : backlog
      await this.#pass(operator, due, failed)
    }
  }

  async #pass(operator: Operator, due: readonly number[], failed: OperatorFailed): Promise<void> {
    for (const [i, time] of due.entries()) {
      try {
        await this.#evaluation.read(operator, time)
        this.#attempts.delete(operator)
      } catch (error) {
        const attempt = (this.#attempts.get(operator) ?? 0) + 1
        this.#attempts.set(operator, attempt)
        this.#backlogs.set(operator, due.slice(i))
        // A later read must not advance the operator past the batch on which it failed.
        for (const later of due.slice(i + 1)) this.#evaluation.refuse(operator, later, error)
        failed(operator, time, error, attempt)
        return
      }
    }
    this.#backlogs.delete(operator)
  }
}
