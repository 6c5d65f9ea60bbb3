import { BatchMap } from '../../base/batch-map.js'
import type { BatchGrid, BatchTimes } from '../../base/time/batch-times.js'
import type { RDD } from '../../rdd/rdd.js'
import type { Graph } from './graph.js'
import type { Operator, Read } from './operator.js'

type Result = Promise<RDD<unknown> | undefined>

const NO_RDD: Result = Promise.resolve(undefined)

/** The batches of an earlier run, as far as they can be read again. */
export interface EarlierRun {
  /** The last batch that it has committed. */
  readonly untilMs: number
  /** Whether the received data of a batch is kept. */
  isKept(time: number): boolean
}

export interface GraphEvaluationOptions {
  readonly graph: Graph
  readonly times: BatchTimes
  /** Operator → how long its RDDs are kept, in milliseconds. */
  readonly retention: ReadonlyMap<Operator, number>
  readonly shared: ReadonlySet<Operator>
  readonly earlier?: EarlierRun | undefined
}

/**
 * Evaluates the graph: gives the RDD of any operator at any batch time, each computed at most once and kept until `forget`.
 * An operator has an RDD at t when t lies on its slide, counted from the zero of the grid of t (reference:
 * `DStream.isTimeValid`). A batch of an earlier run has one only where all that it is made of is kept.
 */
export class GraphEvaluation {
  readonly #options: GraphEvaluationOptions
  readonly #results = new Map<Operator, BatchMap<Result>>()
  readonly #failureCleanups: (() => void)[] = []
  /** The slides of the operators on the grids of earlier runs. */
  readonly #slides = new Map<BatchGrid, Map<Operator, number | undefined>>()

  readonly read: Read

  constructor(options: GraphEvaluationOptions) {
    this.#options = options
    for (const { operator } of options.graph.nodes) this.#results.set(operator, new BatchMap())
    const read = <U>(operator: Operator<U>, time: number): Promise<RDD<U> | undefined> => this.#read(operator, time)
    this.read = Object.assign(read, {
      times: (operator: Operator, afterMs: number, untilMs: number) => this.times(operator, afterMs, untilMs),
    })
  }

  /** The batch times of this run and of earlier ones. */
  get batchTimes(): BatchTimes {
    return this.#options.times
  }

  /** Whether an operator has an RDD at a batch time. */
  isValid(operator: Operator, time: number): boolean {
    return this.times(operator, time - 1, time).length > 0
  }

  /** Returns the times in (afterMs, untilMs] at which an operator has an RDD, oldest first. */
  times(operator: Operator, afterMs: number, untilMs: number): number[] {
    return this.#options.times.within(afterMs, untilMs, (grid) => this.#slideIn(operator, grid))
  }

  /** Returns the last time before `time` at which an operator has an RDD. */
  lastBefore(operator: Operator, time: number): number | undefined {
    return this.#options.times.lastBefore(time, (grid) => this.#slideIn(operator, grid))
  }

  /** Returns the RDD that has been computed for a time, if any; never computes one. */
  computed(operator: Operator, time: number): Result | undefined {
    return this.#results.get(operator)!.get(time)
  }

  /** Sets the RDD of a time that an earlier run of the program has computed. */
  restore(operator: Operator, time: number, rdd: RDD<unknown> | undefined): void {
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
    for (const [operator, results] of this.#results) results.forget(time - this.#options.retention.get(operator)!)
  }

  #read<U>(operator: Operator<U>, time: number): Promise<RDD<U> | undefined> {
    const results = this.#results.get(operator)!
    const known = results.get(time)
    if (known !== undefined) return known as Promise<RDD<U> | undefined>
    if (!this.isValid(operator, time)) return NO_RDD as Promise<undefined>
    if (!this.#isReadable(operator, time)) {
      results.set(time, NO_RDD)
      return NO_RDD as Promise<undefined>
    }
    const result = this.#compute(operator, time)
    results.set(time, result)
    result.catch(() => this.#failureCleanups.push(() => results.delete(time)))
    return result
  }

  async #compute<U>(operator: Operator<U>, time: number): Promise<RDD<U> | undefined> {
    const rdd = await operator.compute(time, this.read)
    if (rdd === undefined) return undefined
    // The RDD of a stateful operator reads its table at a version, cheaply and with the same result, so it is not cached.
    if (this.#options.shared.has(operator) && operator.state === undefined) rdd.cacheAlways()
    return rdd.label(this.#options.graph.node(operator).id, time)
  }

  /**
   * Whether the RDD of a batch can be computed as a whole. In a batch of an earlier run, part of the data may have been
   * dropped, and a state that has passed the batch does not return to it.
   */
  #isReadable(operator: Operator, time: number): boolean {
    const { earlier } = this.#options
    if (earlier === undefined || time > earlier.untilMs) return true
    if (this.#results.get(operator)!.has(time)) return true
    if (operator.source === true) return earlier.isKept(time)
    if (operator.state !== undefined) {
      return Object.values(operator.state.tables).every(({ version }) => version !== undefined && version < time)
    }
    return operator.parents.every((parent) =>
      this.times(parent, time - Math.max(operator.lookbackMs, 1), time).every((at) => this.#isReadable(parent, at)),
    )
  }

  /** Returns the slide that an operator has on a grid; `undefined` when it has no RDDs there. */
  #slideIn(operator: Operator, grid: BatchGrid): number | undefined {
    if (grid.untilMs === Infinity) return operator.slideMs
    let slides = this.#slides.get(grid)
    if (slides === undefined) this.#slides.set(grid, (slides = new Map()))
    if (!slides.has(operator)) slides.set(operator, this.#earlierSlide(operator, grid))
    return slides.get(operator)
  }

  #earlierSlide(operator: Operator, grid: BatchGrid): number | undefined {
    const [parent] = operator.parents
    if (parent === undefined) return grid.batchMs
    const ofParent = this.#slideIn(parent, grid)
    if (!('slideMs' in operator.params) || ofParent === undefined) return ofParent
    const known = grid.slides.get(this.#options.graph.node(operator).id)
    if (known !== undefined || operator.slideMs === parent.slideMs) return known ?? ofParent
    return operator.slideMs % ofParent === 0 ? operator.slideMs : undefined
  }
}
