import { codeMayBeGenerated } from './code-generation.js'
import type { Slice } from '../../base/ports.js'
import type { MaybePromise } from '../../base/maybe-promise.js'
import type { RecordOrigin } from '../../base/record-error.js'
import type { Pass } from './pass.js'
import type { RecordErrorHandler } from './record-policy.js'
import type { RDDRuntime } from './runtime.js'

/** The most parts of a lineage that are evaluated on one stack: each takes about ten calls of the thousands that fit. */
const DEEPEST = 100

/**
 * The evaluation of one action. All its passes share one slice, so that a thousand small partitions yield to the event
 * loop as often as a large one.
 */
export class Evaluation {
  readonly runtime: RDDRuntime
  /** True when chains run as generated loops, rather than in the interpreter. */
  readonly fused: boolean
  readonly #slice: Slice
  #left: number
  #depth = 0

  constructor(runtime: RDDRuntime) {
    this.runtime = runtime
    this.fused = runtime.codegen === true || (runtime.codegen === 'auto' && codeMayBeGenerated())
    this.#slice = runtime.yielder.begin()
    this.#left = this.#slice.size
  }

  /** Returns the policy for the records of a partition, which numbers those that it leaves out. */
  policyFor(base: RecordOrigin, partition: number): RecordErrorHandler {
    const { onRecordError } = this.runtime
    if (onRecordError === undefined) return undefined
    let number = 0
    return (error) => onRecordError(error, `${base.operator}[${partition}] ${number++}`)
  }

  /**
   * Evaluates a part of the lineage. Parts that are nested too deeply begin on an empty stack, so that a lineage of any
   * length can be evaluated.
   */
  nested<T>(evaluate: () => MaybePromise<T>): MaybePromise<T> {
    if (this.#depth >= DEEPEST) return Promise.resolve().then(() => this.nested(evaluate))
    this.#depth++
    try {
      return evaluate()
    } finally {
      this.#depth--
    }
  }

  /** Counts work done outside of passes, and yields to the event loop when the slice is used up. */
  yieldIfDue(records: number): MaybePromise<void> {
    this.#left -= records
    if (this.#left > 0) return
    const pause = this.#slice.pause()
    this.#left = this.#slice.size
    return pause
  }

  /** Runs a pass to its end. */
  run(pass: Pass): MaybePromise<void> {
    for (;;) {
      const pause = this.#advance(pass)
      if (pause === true) return
      if (pause !== undefined) return this.#runOn(pass, pause)
    }
  }

  async #runOn(pass: Pass, first: Promise<void>): Promise<void> {
    await first
    for (;;) {
      const pause = this.#advance(pass)
      if (pause === true) return
      if (pause !== undefined) await pause
    }
  }

  /** Runs a pass to the end of the slice. Returns true at the end of the pass, else the pause to await, if any. */
  #advance(pass: Pass): true | Promise<void> | undefined {
    this.#left = pass.advance(this.#left)
    if (this.#left > 0) return true
    const pause = this.#slice.pause()
    this.#left = this.#slice.size
    return pause
  }
}
