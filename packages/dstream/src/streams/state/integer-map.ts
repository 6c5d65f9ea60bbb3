import { firstSlotOf, shiftFor } from '../../base/keys/integer.js'

const SMALLEST = 16

/**
 * A Map for keys that are 32-bit integers and values that are not undefined: a table with open addressing, searched in half
 * the time of a Map. At most half of its slots are in use, so that a search ends after one or two.
 */
export class IntegerMap<V> {
  #keys = new Int32Array(SMALLEST)
  #values: (V | undefined)[] = emptySlots(SMALLEST)
  #shift = shiftFor(SMALLEST)
  #size = 0
  /** The index from which `take` searches: no entry lies before it while entries are taken and none is added. */
  #firstEntry = 0

  get size(): number {
    return this.#size
  }

  get(key: number): V | undefined {
    const keys = this.#keys
    const values = this.#values
    const last = keys.length - 1
    for (let slot = firstSlotOf(key, this.#shift); ; slot = (slot + 1) & last) {
      const value = values[slot]
      if (value === undefined || keys[slot] === key) return value
    }
  }

  /** @returns whether the key is new */
  set(key: number, value: V): boolean {
    const slot = this.#find(key)
    const isNew = this.#values[slot] === undefined
    this.#keys[slot] = key
    this.#values[slot] = value
    if (isNew && ++this.#size * 2 > this.#keys.length) this.#resize(this.#keys.length * 2)
    return isNew
  }

  /** @returns whether the key was there */
  delete(key: number): boolean {
    const slot = this.#find(key)
    if (this.#values[slot] === undefined) return false
    this.#free(slot)
    if (this.#size * 8 < this.#keys.length && this.#keys.length > SMALLEST) this.#resize(this.#keys.length / 2)
    return true
  }

  /** Removes and returns any entry. No entry may be added between two of these calls. */
  take(): [key: number, value: V] | undefined {
    while (this.#firstEntry < this.#keys.length) {
      const value = this.#values[this.#firstEntry]
      if (value !== undefined) {
        const key = this.#keys[this.#firstEntry]!
        this.#free(this.#firstEntry)
        return [key, value]
      }
      this.#firstEntry++
    }
    return undefined
  }

  /** Returns the slot that has the key, or the free slot for it. */
  #find(key: number): number {
    const last = this.#keys.length - 1
    let slot = firstSlotOf(key, this.#shift)
    while (this.#values[slot] !== undefined && this.#keys[slot] !== key) slot = (slot + 1) & last
    return slot
  }

  /** Frees a slot. Later entries whose search begins before the gap move up into it (Knuth, 6.4, algorithm R). */
  #free(gap: number): void {
    const last = this.#keys.length - 1
    for (let slot = (gap + 1) & last; this.#values[slot] !== undefined; slot = (slot + 1) & last) {
      const home = firstSlotOf(this.#keys[slot]!, this.#shift)
      if (((slot - home) & last) < ((slot - gap) & last)) continue
      this.#keys[gap] = this.#keys[slot]!
      this.#values[gap] = this.#values[slot]
      gap = slot
    }
    this.#values[gap] = undefined
    this.#size--
  }

  #resize(length: number): void {
    const keys = this.#keys
    const values = this.#values
    this.#keys = new Int32Array(length)
    this.#values = emptySlots(length)
    this.#shift = shiftFor(length)
    this.#firstEntry = 0
    for (let i = 0; i < keys.length; i++) {
      if (values[i] === undefined) continue
      const slot = this.#find(keys[i]!)
      this.#keys[slot] = keys[i]!
      this.#values[slot] = values[i]
    }
  }
}

function emptySlots(length: number) {
  return new Array<undefined>(length).fill(undefined)
}
