import type { Key } from '../../../base/keys/key.js'
import { checkPartitioner, type Partitioner } from '../../../base/keys/partitioner.js'
import { aFunction, positiveInteger } from '../../../base/options.js'
import type { NotAwaited } from '../../../base/promises.js'
import { checkPositiveDuration, type Duration } from '../../../base/time/duration.js'
import type { Time } from '../../../base/time/time.js'
import type { MapWithStateFunction, MapWithStateOptions } from '../map-with-state.js'
import type { State } from './state.js'
import type { StateOptions } from './state-options.js'

const brand = Symbol.for('dstream.state-spec')

/**
 * The argument of `mapWithState` in Spark's form: a function with the options of its states.
 *
 * @example
 * StateSpec.function((word: string, one: number | undefined, count: State<number>) => {
 *   const n = (count.getOption() ?? 0) + (one ?? 0)
 *   if (!count.isTimingOut()) count.update(n)
 *   return [word, n] as const
 * }).timeout(Minutes(5))
 */
export class StateSpec<K extends Key, V, S, E> {
  /** @internal */
  readonly f: MapWithStateFunction<K, V, S, E>
  /** @internal */
  readonly options: MapWithStateOptions<K, S> = {}

  private constructor(f: MapWithStateFunction<K, V, S, E>) {
    this.f = f
  }

  static {
    Object.defineProperty(this.prototype, brand, { value: true })
  }

  /** Tests for a brand, not for the class: a program can load the ESM and the CJS build of this library at once. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }

  /**
   * `f` is called for every record with its value, and once without one for a key that times out. It emits a record
   * unless it returns `undefined`.
   */
  static function<K extends Key, V, S, E, B = [E]>(
    f: (key: K, value: V | undefined, state: State<S>, time: Time) => NotAwaited<E, B> | undefined,
  ): StateSpec<K, V, S, E> {
    return new StateSpec(aFunction('StateSpec.function', 'f', f))
  }

  /** Sets the states to begin with, as old as the first batch; of a key that is named twice the first pair counts. */
  initialState(state: NonNullable<StateOptions<K, S>['initialState']>): this {
    this.options.initialState = state
    return this
  }

  /** Sets the time without data after which a key times out. */
  timeout(idle: Duration): this {
    this.options.timeout = checkPositiveDuration('StateSpec.timeout', idle)
    return this
  }

  /** Sets the number of partitions of the state; the last of `numPartitions` and `partitioner` holds. */
  numPartitions(n: number): this {
    this.options.numPartitions = positiveInteger('StateSpec', 'numPartitions', n)
    this.options.partitioner = undefined
    return this
  }

  /** Sets the partitioner, which decides the partition of each key. */
  partitioner(p: Partitioner): this {
    checkPartitioner('StateSpec', p)
    this.options.partitioner = p
    this.options.numPartitions = undefined
    return this
  }

  /** Sets the version of the stored form of the states; `migrate` reads older ones. */
  version(n: number, migrate: (old: unknown, from: number) => S): this {
    this.options.version = positiveInteger('StateSpec', 'version', n)
    this.options.migrate = aFunction('StateSpec.version', 'migrate', migrate)
    return this
  }
}
