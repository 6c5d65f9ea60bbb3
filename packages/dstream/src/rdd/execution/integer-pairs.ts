import { firstSlotOf, shiftFor } from '../../base/keys/integer.js'
import { PairColumns } from './pair-columns.js'

const FEWEST_SLOTS = 1024
/** The slots of all empty tables, shared because most tables never get an integer key. */
const NO_SLOTS = new Int32Array(2)
/** The slots of a completed table, reused by the next one: allocating and growing them takes as long as all other work. */
let spare: Int32Array | undefined
const MOST_SPARE_SLOTS = 1 << 17

/**
 * A table of pairs whose keys are 32-bit integers, in order of first arrival: the content of a Map, built in a quarter of
 * its time. It has two columns, and slots with open addressing that hold the index of each key in the columns.
 */
export class IntegerPairs {
  readonly keys: number[] = []
  readonly values: unknown[] = []
  /** 0 for a free slot, else the index of the key plus 1. Less than half of the slots are used. */
  #slots: Int32Array = NO_SLOTS
  #shift = shiftFor(NO_SLOTS.length)

  /** Returns the index of a key in the columns, −1 if it is not there. */
  find(key: number): number {
    const slots = this.#slots
    const last = slots.length - 1
    for (let slot = firstSlotOf(key, this.#shift); ; slot = (slot + 1) & last) {
      const index = slots[slot]! - 1
      if (index < 0) return -1
      if (this.keys[index] === key) return index
    }
  }

  /** Adds a pair whose key is not in the table. */
  add(key: number, value: unknown): void {
    // Turns −0 into 0: V8 would store a column that holds −0 as floating-point numbers.
    const count = this.keys.push(key | 0)
    this.values.push(value)
    if (count * 2 >= this.#slots.length) this.#grow()
    else this.#enter(key, count)
  }

  /** Returns all pairs and ends the table: `find` and `add` must not be called again. */
  columns(): PairColumns<number, unknown> {
    if (this.#slots !== NO_SLOTS && this.#slots.length <= MOST_SPARE_SLOTS) spare = this.#slots.fill(0)
    this.#slots = NO_SLOTS
    return new PairColumns(this.keys, this.values)
  }

  #enter(key: number, count: number): void {
    const slots = this.#slots
    const last = slots.length - 1
    let slot = firstSlotOf(key, this.#shift)
    while (slots[slot] !== 0) slot = (slot + 1) & last
    slots[slot] = count
  }

  #grow(): void {
    const { length } = this.#slots
    this.#slots = (length < FEWEST_SLOTS ? spare : undefined) ?? new Int32Array(Math.max(length * 2, FEWEST_SLOTS))
    if (this.#slots === spare) spare = undefined
    this.#shift = shiftFor(this.#slots.length)
    for (let i = 0; i < this.keys.length; i++) this.#enter(this.keys[i]!, i + 1)
  }
}
