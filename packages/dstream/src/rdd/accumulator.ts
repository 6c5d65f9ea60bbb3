import { ignoreRejection, isThenable } from '../base/promises.js'
import { badOption } from '../base/errors/options.js'
import { refuseEarly } from './plan/early-run.js'

/**
 * A counter or a list that functions on records add to, and that the program reads. A step that is evaluated again adds
 * again, as in Spark: for exact counts, add in actions or persist the RDD. It is not part of a checkpoint.
 */
export interface Accumulator<I, O> {
  readonly name: string | undefined
  add(value: I): void
  reset(): void
  /** True when nothing has been added since the start or the last `reset`. */
  readonly isZero: boolean
  readonly value: O
}

let calls = 0

/**
 * Returns how often any accumulator was called in this thread. Threads do not share accumulators, so that a task which calls one
 * has to be done in the thread of the program.
 */
export function accumulatorCalls(): number {
  return calls
}

/** Adds up the numbers for which `fits` returns true. */
class Sum implements Accumulator<number, number> {
  #value = 0
  #adds = 0

  constructor(
    readonly name: string | undefined,
    readonly fits: (value: unknown) => boolean,
    readonly wanted: string,
  ) {}

  add(value: number): void {
    calls++
    if (!this.fits(value)) throw badOption(`accumulator ${this.name ?? ''}`.trim(), 'value', this.wanted, value)
    refuseEarly(`The accumulator ${this.name ?? ''}`.trim())
    this.#value += value
    this.#adds++
  }
  reset(): void {
    calls++
    this.#value = 0
    this.#adds = 0
  }
  get isZero(): boolean {
    calls++
    return this.#value === 0 && this.#adds === 0
  }
  get value(): number {
    calls++
    return this.#value
  }
}

export function longAccumulator(name: string | undefined): Accumulator<number, number> {
  return new Sum(name, Number.isSafeInteger, 'a whole number')
}

export function doubleAccumulator(name: string | undefined): Accumulator<number, number> {
  return new Sum(name, (value) => typeof value === 'number', 'a number')
}

class CollectionAccumulator<T> implements Accumulator<T, T[]> {
  #values: T[] = []

  constructor(readonly name: string | undefined) {}

  add(value: T): void {
    calls++
    if (isThenable(value)) {
      ignoreRejection(value)
      throw badOption(`accumulator ${this.name ?? ''}`.trim(), 'value', 'a value and no Promise', value)
    }
    refuseEarly(`The accumulator ${this.name ?? ''}`.trim())
    this.#values.push(value)
  }
  reset(): void {
    calls++
    this.#values = []
  }
  get isZero(): boolean {
    calls++
    return this.#values.length === 0
  }
  /** Returns a copy, without later additions. */
  get value(): T[] {
    calls++
    return [...this.#values]
  }
}

export function collectionAccumulator<T>(name: string | undefined): Accumulator<T, T[]> {
  return new CollectionAccumulator<T>(name)
}
