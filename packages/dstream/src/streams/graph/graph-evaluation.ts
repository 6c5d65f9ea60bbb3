import { BatchMap } from '../../base/batch-map.js'
import type { RDD } from '../../rdd/rdd.js'
import type { Graph } from './graph.js'
import type { Operator, Read } from './operator.js'

type Result = Promise<RDD<unknown> | undefined>

const nothing: Result = Promise.resolve(undefined)

/**
 * The graph at work: gives the RDD of any operator at any batch time, each computed at most once and kept until `forget`.
 * An operator has an RDD at t when t lies after `zeroMs` by a multiple of its slide (reference: `DStream.isTimeValid`).
 */
export class GraphEvaluation {
  readonly #graph: Graph
  readonly #zeroMs: number
  readonly #keep: ReadonlyMap<Operator, number>
  readonly #shared: ReadonlySet<Operator>
  readonly #results = new Map<Operator, BatchMap<Result>>()
  readonly #failed: (() => void)[] = []

  constructor(graph: Graph, zeroMs: number, keep: ReadonlyMap<Operator, number>, shared: ReadonlySet<Operator>) {
    this.#graph = graph
    this.#zeroMs = zeroMs
    this.#keep = keep
    this.#shared = shared
    for (const { operator } of graph.nodes) this.#results.set(operator, new BatchMap())
  }

  isValid(slideMs: number, time: number): boolean {
    return time > this.#zeroMs && (time - this.#zeroMs) % slideMs === 0
  }

  readonly read: Read = <U>(operator: Operator<U>, time: number): Promise<RDD<U> | undefined> => {
    if (!this.isValid(operator.slideMs, time)) return nothing as Promise<undefined>
    const results = this.#results.get(operator)!
    const known = results.get(time)
    if (known !== undefined) return known as Promise<RDD<U> | undefined>
    const result = this.#compute(operator, time)
    results.set(time, result)
    result.catch(() => this.#failed.push(() => results.delete(time)))
    return result
  }

  /** The RDD that has been computed for a time, if any: never computes. */
  computed(operator: Operator, time: number): Result | undefined {
    return this.#results.get(operator)!.get(time)
  }

  /** Puts in place what an earlier life has computed. */
  restore(operator: Operator, time: number, rdd: RDD<unknown> | undefined): void {
    this.#results.get(operator)!.set(time, Promise.resolve(rdd))
  }

  /** Until failures are cleared, whoever reads this gets the error: it is not the operator's turn. */
  refuse(operator: Operator, time: number, error: unknown): void {
    const results = this.#results.get(operator)!
    const refusal: Result = Promise.reject(error as Error)
    refusal.catch(() => undefined)
    results.set(time, refusal)
    this.#failed.push(() => results.delete(time))
  }

  /** What failed may be tried again from now on. */
  clearFailures(): void {
    for (const clear of this.#failed.splice(0)) clear()
  }

  /** Lets go of all RDDs that nothing at or after `time` will read. */
  forget(time: number): void {
    for (const [operator, results] of this.#results) results.forget(time - this.#keep.get(operator)!)
  }

  /** The times at or before `time` that `operator` still has an RDD of, oldest first. */
  remembered(operator: Operator): readonly number[] {
    return [...this.#results.get(operator)!.keys()].sort((a, b) => a - b)
  }

  async #compute<U>(operator: Operator<U>, time: number): Promise<RDD<U> | undefined> {
    const rdd = await operator.compute(time, this.read)
    if (rdd === undefined) return undefined
    // A view of a keyed state stays what it is and is cheap to read again: no copy of it is kept.
    if (this.#shared.has(operator) && operator.state === undefined) rdd.cacheAlways()
    return rdd.label(this.#graph.node(operator).id, time)
  }
}
