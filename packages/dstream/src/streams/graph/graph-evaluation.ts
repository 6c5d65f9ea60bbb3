import { BatchMap } from '../../base/batch-map.js'
import { copyRecord } from '../../base/values/copy.js'
import { attempted, chain, type MaybePromise } from '../../base/maybe-promise.js'
import type { BatchTimes } from '../../base/time/batch-times.js'
import { endEarlyWork } from '../../rdd/execution/early-fold.js'
import type { RDD } from '../../rdd/rdd.js'
import type { EvaluationOptions } from './evaluation-options.js'
import type { Graph } from './graph.js'
import type { Operator, Read } from './operator.js'
import { OperatorTimes } from './operator-times.js'
import { keptTimes, ownedOperators } from './remember.js'
import { SharedReaders } from './shared-readers.js'
import { SharedStages } from './shared-stages.js'

type Result = MaybePromise<RDD<unknown> | undefined>
/** The result as it is held; null for no RDD. */
type Held = Promise<RDD<unknown> | undefined> | RDD<unknown> | null
type Results = ReadonlyMap<Operator, BatchMap<Held>>

/** The most operators that are computed on one stack: each takes about six calls of the thousands that fit. */
const DEEPEST = 200

/**
 * Evaluates the graph: gives the RDD of any operator at any batch time, each computed at most once and held until `forget`.
 * An operator has an RDD at t when t lies on its slide, counted from the zero of the grid of t (reference:
 * `DStream.isTimeValid`). A batch of an earlier run has one only where all that it is made of is kept.
 *
 * An RDD is held for its slide only. What a window reads again is kept beside it with its records, for as long as the window
 * reads it: this copy of the RDD is the one that is stored, so a record that cannot be stored fails there, and its other
 * readers go on.
 */
export class GraphEvaluation {
  /** Operator → how long its RDDs are kept for later batches, in milliseconds; no other operator is in it. */
  readonly kept: ReadonlyMap<Operator, number>
  readonly #graph: Graph
  readonly #options: EvaluationOptions
  readonly #times: OperatorTimes
  readonly #stages: SharedStages
  readonly #results = new Map<Operator, BatchMap<Held>>()
  /** The RDDs whose records are the engine's own: those in #results give copies of them. */
  readonly #ownResults = new Map<Operator, BatchMap<Held>>()
  /** Those among them whose records are copies of objects that the program has emitted, until `keepAll`. */
  readonly #ofEmitted: RDD<unknown>[] = []
  readonly #keptResults = new Map<Operator, BatchMap<Held>>()
  /** Removes failed results that may be computed again at any moment. */
  readonly #retryable: (() => void)[] = []
  /** Removes the failures of stateful operators: these may only be computed again in order of time. */
  readonly #inOrder: (() => void)[] = []
  #depth = 0

  readonly read: Read
  /** Returns the RDD of an operator as a window reads it and a checkpoint stores it; the same as `read` for one that is not kept. */
  readonly readKept: Read
  /** Reads an RDD for a function of the user, which must not work on it before the batch. */
  readonly #readForUser: Read
  /** Computes an RDD once more whose computation has failed in this batch. */
  readonly readAgain: Read

  constructor(graph: Graph, options: EvaluationOptions) {
    this.#graph = graph
    this.#options = options
    this.#times = new OperatorTimes(graph, options.times)
    this.kept = keptTimes(graph, options.leastMs, options.retention)
    const isValid = this.isValid.bind(this)
    const owned = this.#ownResults
    this.#stages = new SharedStages(new SharedReaders({ ...options, graph, owned, isValid }), this)
    for (const operator of ownedOperators(graph, options.leastMs, this.kept)) {
      this.#ownResults.set(operator, new BatchMap())
    }
    for (const { operator } of graph.nodes) this.#results.set(operator, new BatchMap())
    for (const operator of this.kept.keys()) this.#keptResults.set(operator, new BatchMap())
    const read = (operator: Operator, time: number): Result =>
      this.#once(this.#results, operator, time, () =>
        this.#ownResults.has(operator) ? this.#handOut(operator, time) : this.#nested(operator, time),
      )
    this.read = this.#reader(read)
    this.readKept = this.#reader((operator, time) =>
      this.kept.has(operator)
        ? this.#once(this.#keptResults, operator, time, () => this.#keep(operator, time))
        : read(operator, time),
    )
    this.#readForUser = this.#reader((operator, time) =>
      chain(read(operator, time), (rdd) => {
        if (rdd !== undefined) endEarlyWork(rdd.node)
        return rdd
      }),
    )
    this.readAgain = this.#reader((operator, time) => {
      this.#results.get(operator)!.delete(time)
      this.#ownResults.get(operator)?.delete(time)
      return read(operator, time)
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

  /**
   * Whether the RDD of a batch can be computed as a whole. In a batch of an earlier run, part of the data may have been
   * dropped, and a state that has passed the batch does not return to it.
   */
  isReadable(operator: Operator, time: number): boolean {
    const { earlier } = this.#options
    if (earlier === undefined || time > earlier.untilMs) return true
    if (this.computed(operator, time)?.rdd !== undefined) return true
    if (operator.source === true) return earlier.isKept(time)
    if (operator.state !== undefined) {
      return Object.values(operator.state.tables).every(({ version }) => version !== undefined && version < time)
    }
    return operator.parents.every((parent) =>
      this.times(parent, time - Math.max(operator.lookbackMs, 1), time).every((at) => this.isReadable(parent, at)),
    )
  }

  /** Whether all RDDs of the batches in (afterMs, untilMs] can be computed as a whole. */
  isWhole(operator: Operator, afterMs: number, untilMs: number): boolean {
    if (afterMs < (this.#options.earlier?.knownAfterMs ?? -Infinity)) return false
    return this.times(operator, afterMs, untilMs).every((time) => this.isReadable(operator, time))
  }

  /** Returns the times in (afterMs, untilMs] at which an operator has an RDD, oldest first. */
  times(operator: Operator, afterMs: number, untilMs: number): number[] {
    return this.#times.within(operator, afterMs, untilMs)
  }

  /** Returns the last time before `time` at which an operator has an RDD. */
  lastBefore(operator: Operator, time: number): number | undefined {
    return this.#times.lastBefore(operator, time)
  }

  /**
   * Makes the RDDs of a batch that later batches read, as far as no operator has read them: their parents are gone after the
   * batch. Only records that the program has emitted as objects are copied now, since it may go on changing them; nothing
   * else is evaluated.
   */
  async keepAll(time: number): Promise<void> {
    for (const operator of this.kept.keys()) {
      const rdd = this.readKept(operator, time)
      if (rdd instanceof Promise) await rdd.catch(() => undefined)
    }
    for (const own of this.#ofEmitted.splice(0)) await own.partitions().catch(() => undefined)
  }

  /** Returns the RDD that has been computed for a time, if any; never computes one. */
  computed(operator: Operator, time: number): { readonly rdd: Result } | undefined {
    const held = this.#results.get(operator)!.get(time)
    return held === undefined ? undefined : { rdd: held ?? undefined }
  }

  /** Returns the number of batches of an operator that are held for later ones. */
  held(operator: Operator): number {
    return this.#keptResults.get(operator)?.size ?? 0
  }

  /** Sets the RDD of a time that an earlier run of the program has computed. */
  restore(operator: Operator, time: number, rdd: RDD<unknown> | undefined): void {
    if (rdd !== undefined && operator.groups !== undefined) rdd.node.groups = operator.groups
    const own = this.#ownResults.has(operator) ? rdd?.kept(copyRecord, true) : rdd
    this.#results.get(operator)!.set(time, own?.handedOut() ?? null)
    this.#ownResults.get(operator)?.set(time, own ?? null)
    this.#keptResults.get(operator)?.set(time, own ?? null)
  }

  /** Makes reads of an operator at `time` fail with `error` until failures are cleared. */
  refuse(operator: Operator, time: number, error: unknown): void {
    const refusal = Promise.reject<undefined>(error as Error)
    refusal.catch(() => undefined)
    for (const results of [this.#results.get(operator)!, this.#ownResults.get(operator)]) {
      results?.set(time, refusal)
      this.#inOrder.push(() => results?.delete(time))
    }
  }

  /** Forgets all failures, so that their RDDs are computed again when they are read. */
  clearFailures(): void {
    this.clearRetryable()
    for (const clear of this.#inOrder.splice(0)) clear()
  }

  /** Forgets the failures of operators without state, so that an output can be tried again between two batches. */
  clearRetryable(): void {
    for (const clear of this.#retryable.splice(0)) clear()
  }

  /** Drops all RDDs that no batch at or after `time` will read. */
  forget(time: number): void {
    const { leastMs, retention } = this.#options
    for (const all of [this.#results, this.#ownResults]) {
      for (const [operator, results] of all) {
        // The RDD of a state cannot be computed again for an earlier batch; every other one can.
        const heldMs = operator.state === undefined ? Math.max(operator.slideMs, leastMs) : retention.get(operator)!
        results.forget(time - heldMs)
      }
    }
    for (const [operator, results] of this.#keptResults) results.forget(time - this.kept.get(operator)!)
  }

  #reader(read: (operator: Operator, time: number) => Result): Read {
    const times: Read['times'] = (operator, afterMs, untilMs) => this.times(operator, afterMs, untilMs)
    return Object.assign(read as <U>(operator: Operator<U>, time: number) => MaybePromise<RDD<U> | undefined>, {
      times,
      isWhole: (operator: Operator, afterMs: number, untilMs: number) => this.isWhole(operator, afterMs, untilMs),
    })
  }

  /** Returns a result, which is made at most once. An error that `make` throws is held as a rejection. */
  #once(results: Results, operator: Operator, time: number, make: () => Result): Result {
    const byTime = results.get(operator)!
    const known = byTime.get(time)
    if (known !== undefined) return known ?? undefined
    if (!this.isValid(operator, time)) return undefined
    if (!this.isReadable(operator, time)) {
      byTime.set(time, null)
      return undefined
    }
    const result = attempted(make)
    byTime.set(time, result ?? null)
    if (!(result instanceof Promise)) return result
    result.then(
      (rdd) => {
        if (byTime.get(time) === result) byTime.set(time, rdd ?? null)
      },
      () => {
        const failures = operator.state === undefined ? this.#retryable : this.#inOrder
        failures.push(() => byTime.delete(time))
      },
    )
    return result
  }

  /** Computes an RDD. Operators that are nested too deeply begin on an empty stack. */
  #nested(operator: Operator, time: number): Result {
    if (this.#depth >= DEEPEST) return Promise.resolve().then(() => this.#nested(operator, time))
    this.#depth++
    try {
      return this.#compute(operator, time)
    } finally {
      this.#depth--
    }
  }

  #handOut(operator: Operator, time: number): Result {
    return chain(this.#own(operator, time), (own) => own?.handedOut(true).label(this.#graph.node(operator).id, time))
  }

  #own(operator: Operator, time: number): Result {
    return this.#once(this.#ownResults, operator, time, () =>
      chain(this.#nested(operator, time), (rdd) => rdd && this.#owned(operator, time, rdd)),
    )
  }

  #owned(operator: Operator, time: number, rdd: RDD<unknown>): RDD<unknown> {
    const isEmitted = holdsObjects(rdd)
    // The RDD of all states reads its table, which is the engine's own, and gives copies.
    if (operator.state !== undefined && !isEmitted) return rdd
    const own = rdd.kept(copyRecord, operator.source !== true)
    if (isEmitted) this.#ofEmitted.push(own)
    return own.label(this.#graph.node(operator).id, time)
  }

  #compute(operator: Operator, time: number): Result {
    const make = (): Result => operator.compute(time, this.#readOf(operator))
    const { profile } = this.#options
    const computed = profile === undefined ? make() : profile.around(this.#graph.node(operator).id, make)
    return chain(computed, (rdd) => rdd && this.#computed(operator, time, rdd))
  }

  #readOf({ handsOutRDD, lookbackMs }: Operator): Read {
    if (handsOutRDD === true) return this.#readForUser
    return lookbackMs > 0 ? this.readKept : this.read
  }

  #computed(operator: Operator, time: number, rdd: RDD<unknown>): RDD<unknown> {
    if (operator.groups !== undefined) rdd.node.groups = operator.groups
    this.#stages.cache(operator, time, rdd)
    return rdd.label(this.#graph.node(operator).id, time)
  }

  #keep(operator: Operator, time: number): Result {
    const { storable } = this.#options
    const own = this.#own(operator, time)
    // The journal has the data of a source.
    if (storable === undefined || operator.source === true) return own
    const { id } = this.#graph.node(operator)
    return chain(own, (rdd) => rdd?.checkedBy((record) => storable(id, record)).label(id, time))
  }
}

/** Whether an RDD holds records in memory, as sources and `mapWithState` give what the program has emitted. */
function holdsObjects({ node: { plan } }: RDD<unknown>): boolean {
  return plan.type === 'source' && plan.parts.some((part) => 'records' in part)
}
