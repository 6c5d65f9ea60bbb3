import { Map as ImmutableMap } from 'immutable'
import { stateViewReleased } from '../../base/errors/state.js'
import type { Key } from '../../base/keys/key.js'
import { Time } from '../../base/time/time.js'

/** A keyed state as of one batch: read-only, costs nothing to take, and stays what it was until `release`. */
export interface StateView<out K extends Key, out S> extends Iterable<[K, S]> {
  /** The batch whose end it shows. */
  readonly time: Time
  readonly size: number
  /** `undefined` for a key without state. @throws `key-not-allowed`, `state-view-released` */
  get(key: Key): S | undefined
  has(key: Key): boolean
  /** A copy as immutable's Map; compound keys in it are the frozen arrays or collections that the state holds. */
  toImmutable(): ImmutableMap<K, S>
  /**
   * Says that it is no longer needed, so that what it keeps of old values can go. A view that is only dropped is released
   * when the garbage collector finds it.
   */
  release(): void
}

/** What a view reads from. */
export interface ViewSource {
  readonly size: number
  at(key: Key): unknown
  entries(): Iterable<[Key, unknown]>
  release(): void
}

const forgotten = new FinalizationRegistry<{ release(): void }>((source) => source.release())

export class PinnedView<K extends Key, S> implements StateView<K, S> {
  readonly time: Time
  readonly size: number
  #source: ViewSource | undefined

  constructor(version: number, source: ViewSource) {
    // Before the first batch there is no time to speak of.
    this.time = new Time(version === -Infinity ? 0 : version)
    this.size = source.size
    this.#source = source
    forgotten.register(this, source, this)
  }

  get(key: Key): S | undefined {
    return this.#open().at(key) as S | undefined
  }

  has(key: Key): boolean {
    return this.#open().at(key) !== undefined
  }

  *[Symbol.iterator](): Iterator<[K, S]> {
    for (const entry of this.#open().entries()) {
      this.#open()
      yield entry as [K, S]
    }
  }

  toImmutable(): ImmutableMap<K, S> {
    return ImmutableMap(this)
  }

  release(): void {
    forgotten.unregister(this)
    this.#source?.release()
    this.#source = undefined
  }

  #open(): ViewSource {
    if (this.#source === undefined) throw stateViewReleased(this.time.milliseconds)
    return this.#source
  }
}
