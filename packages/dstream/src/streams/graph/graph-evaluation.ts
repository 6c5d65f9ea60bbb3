import { BatchMap } from '../../base/batch-map.js'
import type { RDD } from '../../rdd/rdd.js'
import type { Graph } from './graph.js'
import type { Operator, Read } from './operator.js'

type Result = Promise<RDD<unknown> | undefined>

const NO_RDD: Result = Promise.resolve(undefined)

/** The most operators that are computed on one stack: each takes about six calls of the thousands that fit. */
const DEEPEST = 200

/**
 * Evaluates the graph: gives the RDD of any operator at any batch time, each computed at most once and kept until `forget`.
 * An operator has an RDD at t when t lies after `zeroMs` by a multiple of its slide (reference: `DStream.isTimeValid`).
 */
export class GraphEvaluation {
  readonly #graph: Graph
  readonly #zeroMs: number
  readonly #retentionMs: ReadonlyMap<Operator, number>
  readonly #sharedOperators: ReadonlySet<Operator>
  readonly #results = new Map<Operator, BatchMap<Result>>()
  readonly #failureCleanups: (() => void)[] = []
  #depth = 0

  constructor(
    graph: Graph,
    zeroMs: number,
    retentionMs: ReadonlyMap<Operator, number>,
    sharedOperators: ReadonlySet<Operator>,
  ) {
    this.#graph = graph
    this.#zeroMs = zeroMs
    this.#retentionMs = retentionMs
    this.#sharedOperators = sharedOperators
    for (const { operator } of graph.nodes) this.#results.set(operator, new BatchMap())
  }

  isValid(slideMs: number, time: number): boolean {
    return time > this.#zeroMs && (time - this.#zeroMs) % slideMs === 0
  }

  readonly read: Read = <U>(operator: Operator<U>, time: number): Promise<RDD<U> | undefined> => {
    if (!this.isValid(operator.slideMs, time)) return NO_RDD as Promise<undefined>
    const results = this.#results.get(operator)!
    const known = results.get(time)
    if (known !== undefined) return known as Promise<RDD<U> | undefined>
    const result = this.#nested(operator, time)
    results.set(time, result)
    result.catch(() => this.#failureCleanups.push(() => results.delete(time)))
    return result
  }

  /** Returns the RDD that has been computed for a time, if any; never computes one. */
  computed(operator: Operator, time: number): Result | undefined {
    return this.#results.get(operator)!.get(time)
  }

  /** Sets the RDD of a time that an earlier run of the program has computed. */
  restore(operator: Operator, time: number, rdd: RDD<unknown> | undefined): void {
    if (rdd !== undefined) rdd.node.groups ??= operator.groups
    this.#results.get(operator)!.set(time, Promise.resolve(rdd))
  }

  /** Makes reads of an operator at `time` fail with `error` until failures are cleared. */
  refuse(operator: Operator, time: number, error: unknown): void {
    const results = this.#results.get(operator)!
    const refusal: Result = Promise.reject(error as Error)
    refusal.catch(() => undefined)
    results.set(time, refusal)
    this.#failureCleanups.push(() => results.delete(time))
  }

  /** Forgets all failures, so that their RDDs are computed again when they are read. */
  clearFailures(): void {
    for (const clear of this.#failureCleanups.splice(0)) clear()
  }

  /** Drops all RDDs that no batch at or after `time` will read. */
  forget(time: number): void {
    for (const [operator, results] of this.#results) results.forget(time - this.#retentionMs.get(operator)!)
  }

  /** Computes an RDD. Operators that are nested too deeply begin on an empty stack. */
  #nested<U>(operator: Operator<U>, time: number): Promise<RDD<U> | undefined> {
    if (this.#depth >= DEEPEST) return Promise.resolve().then(() => this.#nested(operator, time))
    this.#depth++
    try {
      return this.#compute(operator, time)
    } finally {
      this.#depth--
    }
  }

  async #compute<U>(operator: Operator<U>, time: number): Promise<RDD<U> | undefined> {
    const rdd = await operator.compute(time, this.read)
    if (rdd === undefined) return undefined
    rdd.node.groups ??= operator.groups
    // The RDD of a stateful operator reads its table at a version, cheaply and with the same result, so it is not cached.
    if (this.#sharedOperators.has(operator) && operator.state === undefined) rdd.cacheAlways()
    return rdd.label(this.#graph.node(operator).id, time)
  }
}
