import { ignoreRejection, isThenable } from '../base/promises.js'
import { badOption } from '../base/errors/options.js'
import { refuseEarly } from './plan/early-run.js'
import { recordedSum, recordedValue, type Accumulators, type Addable } from './plan/accumulators.js'

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
 * Returns how often any accumulator of this thread was called. Additions that a task records for the thread of the program do not
 * count: a task with any other call has to be done there.
 */
export function accumulatorCalls(): number {
  return calls
}

/** Adds up the numbers for which `fits` returns true. */
class Sum implements Accumulator<number, number>, Addable {
  #value = 0
  #adds = 0
  readonly #address: string | undefined

  constructor(
    readonly name: string | undefined,
    readonly fits: (value: unknown) => boolean,
    readonly wanted: string,
    all: Accumulators | undefined,
  ) {
    this.#address = all?.register(this)
  }

  add(value: number): void {
    if (!this.fits(value)) throw badOption(`accumulator ${this.name ?? ''}`.trim(), 'value', this.wanted, value)
    if (recordedSum(this.#address, value)) return
    calls++
    refuseEarly(`The accumulator ${this.name ?? ''}`.trim())
    this.#value += value
    this.#adds++
  }
  merge([sum, count]: readonly unknown[]): void {
    this.#value += sum as number
    this.#adds += count as number
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

export function longAccumulator(name: string | undefined, all?: Accumulators): Accumulator<number, number> {
  return new Sum(name, Number.isSafeInteger, 'a whole number', all)
}

export function doubleAccumulator(name: string | undefined, all?: Accumulators): Accumulator<number, number> {
  return new Sum(name, (value) => typeof value === 'number', 'a number', all)
}

class CollectionAccumulator<T> implements Accumulator<T, T[]>, Addable {
  #values: T[] = []
  readonly #address: string | undefined

  constructor(
    readonly name: string | undefined,
    all: Accumulators | undefined,
  ) {
    this.#address = all?.register(this)
  }

  add(value: T): void {
    if (isThenable(value)) {
      ignoreRejection(value)
      throw badOption(`accumulator ${this.name ?? ''}`.trim(), 'value', 'a value and no Promise', value)
    }
    if (recordedValue(this.#address, value)) return
    calls++
    refuseEarly(`The accumulator ${this.name ?? ''}`.trim())
    this.#values.push(value)
  }
  merge(values: readonly unknown[]): void {
    for (const value of values) this.#values.push(value as T)
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

export function collectionAccumulator<T>(name: string | undefined, all?: Accumulators): Accumulator<T, T[]> {
  return new CollectionAccumulator<T>(name, all)
}
