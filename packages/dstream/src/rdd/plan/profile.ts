import type { Yielder } from '../../base/ports.js'
import type { MaybePromise } from '../../base/maybe-promise.js'
import type { Pass } from './pass.js'

/** The time that an operator has taken, in milliseconds. */
export interface OperatorTime {
  readonly ms: number
  /** The operator at the end of the loop in which this one's function runs; the time of the loop is that one's. */
  readonly loop?: string
}

/**
 * Measures the time of evaluation by operator. A loop is measured as a whole, since a look at the clock for each record would
 * take longer than most functions: its time counts for its last operator. Time that is spent inside of another measured part
 * counts once, for the inner part. Pauses count for none.
 */
export class Profile {
  readonly #now: () => number
  /** The milliseconds that belong to an operator or to a pause already. */
  #countedMs = 0
  #times = new Map<string, number>()
  readonly #loops = new Map<string, string>()

  /** @param now a clock that is never set, in milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Measures a call, and what it waits for. Without an operator the call is not measured. */
  around<T>(operator: string | undefined, call: () => MaybePromise<T>): MaybePromise<T> {
    if (operator === undefined) return call()
    const end = this.#begin(operator)
    let result: MaybePromise<T>
    try {
      result = call()
    } catch (error) {
      end()
      throw error
    }
    if (result instanceof Promise) return result.finally(end)
    end()
    return result
  }

  /** Returns a pass that is measured. @param operators those whose functions the loop calls, in order */
  pass(pass: Pass, operators: readonly string[]): Pass {
    const last = operators.at(-1)
    if (last === undefined) return pass
    for (const operator of operators) {
      if (operator === last) this.#loops.delete(operator)
      else this.#loops.set(operator, last)
    }
    return {
      advance: (budget) => {
        const end = this.#begin(last)
        try {
          return pass.advance(budget)
        } finally {
          end()
        }
      },
    }
  }

  /** Returns a yielder whose pauses count for no operator. */
  yielder(yielder: Yielder): Yielder {
    return {
      begin: () => {
        const slice = yielder.begin()
        const pause = (): Promise<void> | undefined => {
          const waits = slice.pause()
          if (waits === undefined) return undefined
          const begun = this.#now()
          return waits.then(() => void (this.#countedMs += this.#now() - begun))
        }
        return Object.defineProperty({ pause }, 'size', { get: () => slice.size }) as ReturnType<Yielder['begin']>
      },
    }
  }

  /** Returns the times since the last call. */
  take(): ReadonlyMap<string, OperatorTime> {
    const taken = new Map<string, OperatorTime>()
    for (const [operator, ms] of this.#times) taken.set(operator, { ms })
    for (const [operator, loop] of this.#loops) taken.set(operator, { ms: this.#times.get(operator) ?? 0, loop })
    this.#times = new Map()
    return taken
  }

  #begin(operator: string): () => void {
    const begun = this.#now()
    const countedBefore = this.#countedMs
    return () => {
      const ownMs = Math.max(0, this.#now() - begun - (this.#countedMs - countedBefore))
      this.#countedMs += ownMs
      this.#times.set(operator, (this.#times.get(operator) ?? 0) + ownMs)
    }
  }
}
