/** A small seeded source of randomness: the same seed gives the same sequence on every machine. */
export class Random {
  #state: number

  /** @param seed any integer. */
  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** A number in [0, 1): Tommy Ettinger's mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 15), z | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296
  }

  /** An integer in [from, to], both included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** One of some items, each as likely. */
  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)]
    if (item === undefined) throw new RangeError('pick needs at least one item')
    return item
  }

  /** A source of its own, so that drawing more from one thing leaves another as it was. */
  fork(name: string): Random {
    let hash = this.#state ^ 0x9e3779b9
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
    return new Random(hash)
  }
}

/** Draws from some items by Zipf's law: the item of rank r is drawn in proportion to 1 / (r + 1) ^ exponent. */
export class Zipf<T> {
  readonly #items: readonly T[]
  readonly #sums: Float64Array

  constructor(items: readonly T[], exponent = 1) {
    this.#items = items
    if (items.length === 0) throw new RangeError('Zipf needs at least one item')
    this.#sums = new Float64Array(items.length)
    let sum = 0
    for (let rank = 0; rank < items.length; rank++) this.#sums[rank] = sum += (rank + 1) ** -exponent
  }

  /** One item. */
  draw(random: Random): T {
    const target = random.next() * (this.#sums[this.#sums.length - 1] ?? 0)
    let low = 0
    let high = this.#sums.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#sums[middle] ?? 0) > target) high = middle
      else low = middle + 1
    }
    return this.#items[low] as T
  }
}
