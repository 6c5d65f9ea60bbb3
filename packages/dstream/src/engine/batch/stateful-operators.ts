import type { Clock } from '../../base/ports.js'
import type { GraphEvaluation } from '../../streams/graph/graph-evaluation.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import { isPermanent } from './failure.js'

/** How many batches a stateful operator may lag behind before the context gives up. */
export const MAX_BACKLOG = 1000

/** The failure of a stateful operator on a batch. */
export interface OperatorFailure {
  readonly operator: Operator
  readonly time: number
  readonly error: unknown
  /** The number of the attempt, from 1. */
  readonly attempt: number
  /** Whether the attempts are used up, or another one would fail in the same way. */
  readonly isLast: boolean
  /** The number of batches that the operator has yet to pass. */
  readonly backlog: number
}

export interface StatefulOperatorsOptions {
  readonly graph: Graph
  readonly evaluation: GraphEvaluation
  readonly clock: Clock
  /** The number of attempts on one batch. */
  readonly attempts: number
  /** Returns the pause before the next attempt, in milliseconds, after so many failures in a row. */
  readonly pauseMs: (failures: number) => number
}

interface Attempts {
  readonly count: number
  /** The time before which no further attempt is made. */
  readonly dueMs: number
  readonly error: unknown
}

/**
 * Advances the stateful operators, each once per batch whichever outputs read it. An operator that fails on a batch does
 * not go past it: that batch and the later ones are its backlog, kept with their inputs until it has passed them.
 */
export class StatefulOperators {
  readonly #options: StatefulOperatorsOptions
  readonly #operators: readonly Operator[]
  readonly #backlogs = new Map<Operator, readonly number[]>()
  readonly #attempts = new Map<Operator, Attempts>()

  constructor(options: StatefulOperatorsOptions) {
    this.#options = options
    this.#operators = options.graph.nodes
      .map((node) => node.operator)
      .filter((operator) => operator.state !== undefined)
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
    return this.#options.evaluation.lastBefore(operator, oldest) ?? oldest - operator.slideMs
  }

  /** The oldest batch in any backlog: its inputs must be kept. */
  get oldestBacklog(): number | undefined {
    if (this.#backlogs.size === 0) return undefined
    return Math.min(...[...this.#backlogs.values()].map(([oldest]) => oldest!))
  }

  /** Advances every stateful operator through its backlog and through `time`, parents before children. */
  async advance(time: number, failed: (failure: OperatorFailure) => void): Promise<void> {
    for (const operator of this.#operators) {
      const backlog = this.backlog(operator)
      const due = this.#options.evaluation.isValid(operator, time) ? [...backlog, time] : backlog
      await this.#pass(operator, due, failed)
    }
  }

  async #pass(operator: Operator, due: readonly number[], failed: (failure: OperatorFailure) => void): Promise<void> {
    const { clock } = this.#options
    const before = this.#attempts.get(operator)
    if (before !== undefined && clock.now() < before.dueMs) {
      this.#lag(operator, due, before.error)
      return
    }
    for (const [i, time] of due.entries()) {
      const error = await this.#passOne(operator, time, due.length - i, failed)
      if (error === undefined) continue
      this.#lag(operator, due.slice(i), error.error)
      return
    }
    this.#backlogs.delete(operator)
  }

  /** Lets an operator pass one batch, with the attempts that are due at once. Returns the error of the last one. */
  async #passOne(
    operator: Operator,
    time: number,
    backlog: number,
    failed: (failure: OperatorFailure) => void,
  ): Promise<{ readonly error: unknown } | undefined> {
    const { evaluation, clock } = this.#options
    for (let read = evaluation.read; ; read = evaluation.readAgain) {
      try {
        await read(operator, time)
        this.#attempts.delete(operator)
        return undefined
      } catch (error) {
        const failure = this.#failure(operator, time, error, backlog)
        failed(failure)
        if (failure.isLast || clock.now() < this.#attempts.get(operator)!.dueMs) return { error }
        evaluation.clearRetryable()
      }
    }
  }

  #failure(operator: Operator, time: number, error: unknown, backlog: number): OperatorFailure {
    const { attempts, pauseMs, clock } = this.#options
    const attempt = (this.#attempts.get(operator)?.count ?? 0) + 1
    const isLast = attempt >= attempts || isPermanent(error)
    this.#attempts.set(operator, { count: attempt, dueMs: clock.now() + (isLast ? 0 : pauseMs(attempt)), error })
    return { operator, time, error, attempt, isLast, backlog }
  }

  /** Lets an operator lag: a later read must not advance it past the batch on which it failed. */
  #lag(operator: Operator, times: readonly number[], error: unknown): void {
    this.#backlogs.set(operator, times)
    for (const time of times) this.#options.evaluation.refuse(operator, time, error)
  }
}
