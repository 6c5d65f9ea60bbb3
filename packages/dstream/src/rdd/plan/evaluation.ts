import { codeMayBeGenerated } from './code-generation.js'
import type { Slice } from '../../base/ports.js'
import type { MaybePromise } from '../../base/maybe-promise.js'
import type { RDDRuntime } from './runtime.js'

/** A chain of steps at work on one input, down to a sink. */
export interface Pass {
  /** Goes on for about `budget` records and gives what is left of it; 0: there may be more to do. */
  advance(budget: number): number
}

/**
 * One action at work. All its passes share one slice, so that a thousand small partitions let the event loop breathe
 * as often as a large one.
 */
export class Evaluation {
  readonly runtime: RDDRuntime
  /** Whether chains run as generated loops. */
  readonly fused: boolean
  readonly #slice: Slice
  #left: number

  constructor(runtime: RDDRuntime) {
    this.runtime = runtime
    this.fused = runtime.codegen === true || (runtime.codegen === 'auto' && codeMayBeGenerated())
    this.#slice = runtime.yielder.begin()
    this.#left = this.#slice.size
  }

  /** For work outside of passes: counts it, and pauses when it is time. */
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

  /** What is left of the slice; true at the end of the pass, else what to wait for. */
  #advance(pass: Pass): true | Promise<void> | undefined {
    this.#left = pass.advance(this.#left)
    if (this.#left > 0) return true
    const pause = this.#slice.pause()
    this.#left = this.#slice.size
    return pause
  }
}
