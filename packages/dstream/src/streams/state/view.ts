import type { Map as ImmutableMap } from 'immutable'
import { immutable } from '../../base/values/immutable-library.js'
import { stateViewReleased } from '../../base/errors/state.js'
import type { Key } from '../../base/keys/key.js'
import { Time } from '../../base/time/time.js'

/** A read-only view of a keyed state as of one batch. It costs nothing to take and does not change until `release`. */
export interface StateView<out K extends Key, out S> extends Iterable<[K, S]> {
  /** The time of the batch at whose end the view was taken. */
  readonly time: Time
  readonly size: number
  /** Returns the state of a key, `undefined` for a key without state. @throws `key-not-allowed`, `state-view-released` */
  get(key: Key): S | undefined
  has(key: Key): boolean
  /** Returns a copy as immutable's Map; compound keys in it are the frozen arrays or collections that the state holds. */
  toImmutable(): ImmutableMap<K, S>
  /**
   * Releases the view, so that the old values it keeps can be freed. A view that is never released is released when it is
   * garbage collected.
   */
  release(): void
}

/** The table that a view reads. */
export interface ViewSource {
  readonly size: number
  at(key: Key): unknown
  entries(): Iterable<[Key, unknown]>
  release(): void
}

const droppedViews = new FinalizationRegistry<{ release(): void }>((source) => source.release())

export class PinnedView<K extends Key, S> implements StateView<K, S> {
  readonly time: Time
  readonly size: number
  #source: ViewSource | undefined

  constructor(version: number, source: ViewSource) {
    // Before the first batch there is no batch time; the view shows 0.
    this.time = new Time(version === -Infinity ? 0 : version)
    this.size = source.size
    this.#source = source
    droppedViews.register(this, source, this)
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
    return immutable().Map(this)
  }

  release(): void {
    droppedViews.unregister(this)
    this.#source?.release()
    this.#source = undefined
  }

  #open(): ViewSource {
    if (this.#source === undefined) throw stateViewReleased(this.time.milliseconds)
    return this.#source
  }
}
