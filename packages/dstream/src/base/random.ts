/**
 * A small generator of pseudo-random numbers with 32 bits of state: the same seed gives the same numbers on every machine.
 * It is not for secrets. Each `stream` of a seed, such as a partition, has numbers of its own.
 */
export class Random {
  #state: number

  constructor(seed: number, stream = 0) {
    // Scrambles seed and stream, because neighbouring ones must not give neighbouring numbers.
    const low = seed | 0
    const high = Math.floor(seed / 2 ** 32) | 0
    this.#state = scramble(scramble(scramble(low) ^ high) + stream)
  }

  /** Returns a number in [0, 1), all equally likely. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    return (scramble(this.#state) >>> 0) / 2 ** 32
  }

  /** Returns a whole number from 0 to `n` − 1. */
  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  /** Returns a Poisson-distributed count of this mean (Knuth's method, in steps that do not underflow). */
  poisson(mean: number): number {
    let count = 0
    for (let left = mean; left > 0; left -= 100) {
      const limit = Math.exp(-Math.min(left, 100))
      for (let product = this.next(); product > limit; product *= this.next()) count++
    }
    return count
  }
}

/** Mixes all bits of a 32-bit number into each other; different numbers stay different. */
function scramble(n: number): number {
  let h = n | 0
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad)
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97)
  return h ^ (h >>> 15)
}
