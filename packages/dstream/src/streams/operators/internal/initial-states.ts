import type { MaybePromise } from '../../../base/maybe-promise.js'
import { badOption } from '../../../base/errors/options.js'
import { keyOf, type Key } from '../../../base/keys/key.js'
import type { RDD } from '../../../rdd/rdd.js'
import type { KeyedState } from '../../state/keyed-state.js'

export type StatePairs<K extends Key, S> = RDD<readonly [K, S]> | Iterable<readonly [K, S]>

/**
 * Reads the states to begin with. An iterable is read and checked at once, so that an error names the line of the program that
 * gives it; an RDD is read in the first batch.
 *
 * @throws `bad-option`, `key-not-allowed`
 */
export function initialStates<K extends Key, S>(
  where: string,
  given: StatePairs<K, S> | undefined,
): InitialStates<K, S> {
  if (given === undefined) return new InitialStates<K, S>(where, [])
  if (isRDD(given)) return new InitialStates(where, given)
  if (typeof given !== 'object' || given === null || !(Symbol.iterator in given)) throw notStates(where, given)
  return new InitialStates(where, checked(where, [...given]))
}

export class InitialStates<K extends Key, S> {
  readonly #where: string
  readonly #given: RDD<readonly [K, S]> | readonly (readonly [K, S])[]

  constructor(where: string, given: RDD<readonly [K, S]> | readonly (readonly [K, S])[]) {
    this.#where = where
    this.#given = given
  }

  get none(): boolean {
    return !isRDD(this.#given) && this.#given.length === 0
  }

  /** Returns the pairs in the first batch ever of a table, and none in later batches. */
  read(table: KeyedState<S>): MaybePromise<readonly (readonly [K, S])[]> {
    if (table.version !== undefined) return []
    return isRDD(this.#given) ? this.#given.collect().then((pairs) => checked(this.#where, pairs)) : this.#given
  }
}

/** Adds the initial states to a table in its first batch; of a repeated key the first pair counts. */
export function seed<K extends Key, S>(table: KeyedState<S>, pairs: readonly (readonly [K, S])[]): void {
  for (const [key, state] of pairs) if (table.cell(key) === undefined) table.set(key, state)
}

function isRDD<T>(value: RDD<T> | Iterable<T>): value is RDD<T> {
  return typeof value === 'object' && value !== null && typeof (value as { collect?: unknown }).collect === 'function'
}

/** Returns the pairs. @throws `bad-option` for a record that is no pair, `key-not-allowed` */
function checked<P>(where: string, pairs: readonly P[]): readonly P[] {
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw notStates(where, pair)
    keyOf(pair[0])
  }
  return pairs
}

function notStates(where: string, value: unknown): Error {
  return badOption(where, 'initialState', 'an RDD or an iterable of pairs [key, state]', value)
}
