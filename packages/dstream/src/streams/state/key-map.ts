import { isInteger } from '../../base/keys/integer.js'
import type { MapKey } from '../../base/keys/key.js'
import { IntegerMap } from './integer-map.js'

/** A Map that keeps 32-bit integer keys in a faster table of their own. Values are not undefined. */
export class KeyMap<V> {
  #integers: IntegerMap<V> | undefined
  readonly #others = new Map<MapKey, V>()
  #taking: Iterator<[MapKey, V]> | undefined

  get(key: MapKey): V | undefined {
    return isInteger(key) ? this.#integers?.get(key) : this.#others.get(key)
  }

  /** @returns whether the key is new */
  set(key: MapKey, value: V): boolean {
    if (isInteger(key)) return (this.#integers ??= new IntegerMap()).set(key, value)
    const before = this.#others.size
    this.#others.set(key, value)
    return this.#others.size > before
  }

  /** @returns whether the key was there */
  delete(key: MapKey): boolean {
    return isInteger(key) ? this.#integers?.delete(key) === true : this.#others.delete(key)
  }

  /** Removes and returns any entry. No entry may be added between two of these calls. */
  take(): [MapKey, V] | undefined {
    const taken = this.#integers?.take()
    if (taken !== undefined) return taken
    const next = (this.#taking ??= this.#others.entries()).next()
    if (next.done === true) return undefined
    this.#others.delete(next.value[0])
    return next.value
  }
}
