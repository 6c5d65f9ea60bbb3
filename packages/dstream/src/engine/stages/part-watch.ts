import { encodeValue } from '../../durable/codec/value-codec.js'
import { accumulatorCalls } from '../../rdd/accumulator.js'
import { recordAdditions, takeAdditions } from '../../rdd/plan/accumulators.js'
import { expectBroadcasts, takeDifferent, type BroadcastDigests } from '../../rdd/plan/broadcasts.js'
import type { PartOfTask } from '../../rdd/stages/run-task.js'

/** A reason for which a whole stage is left to the thread of the batches. */
export class OnlyThere extends Error {}

const OTHER_BROADCAST = 'a function reads a broadcast that is destroyed, or has another value in the worker'
const OTHER_ACCUMULATOR = 'a function uses an accumulator'

/**
 * Watches the functions of a task: records what they add to accumulators, and refuses those that need an accumulator or a
 * broadcast of the program itself. What a part has added counts only if that part succeeds.
 */
export class PartWatch implements PartOfTask {
  readonly #broadcasts: BroadcastDigests
  #callsBefore = 0

  constructor(broadcasts: BroadcastDigests) {
    this.#broadcasts = broadcasts
  }

  begin(): void {
    this.#callsBefore = accumulatorCalls()
    recordAdditions()
    expectBroadcasts(this.#broadcasts)
  }

  end(): Uint8Array | undefined {
    const additions = takeAdditions()
    const refusal = this.#refusal()
    if (refusal !== undefined) throw refusal
    return additions.length === 0 ? undefined : encodeValue(additions)
  }

  failed(error: unknown): unknown {
    takeAdditions()
    return this.#refusal() ?? error
  }

  #refusal(): OnlyThere | undefined {
    const readsOther = takeDifferent() !== undefined
    if (accumulatorCalls() !== this.#callsBefore) return new OnlyThere(OTHER_ACCUMULATOR)
    return readsOther ? new OnlyThere(OTHER_BROADCAST) : undefined
  }
}
