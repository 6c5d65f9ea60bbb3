/**
 * A small generator of pseudo-random numbers (mulberry32): the same seed gives the same numbers everywhere. Not for
 * secrets. Partitions have streams of their own.
 */
export class Random {
  #state: number

  constructor(seed: number, stream = 0) {
    // Neighbouring seeds and streams must not give neighbouring numbers: both are scrambled first.
    const low = seed | 0
    const high = Math.floor(seed / 2 ** 32) | 0
    this.#state = scramble(scramble(scramble(low) ^ high) + stream)
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    return (scramble(this.#state) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to `n` − 1. */
  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  /** How often an event of this mean rate happens (Knuth's method, in steps that do not underflow). */
  poisson(mean: number): number {
    let count = 0
    for (let left = mean; left > 0; left -= 100) {
      const limit = Math.exp(-Math.min(left, 100))
      for (let product = this.next(); product > limit; product *= this.next()) count++
    }
    return count
  }
}

function scramble(n: number): number {
  let h = n | 0
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad)
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97)
  return h ^ (h >>> 15)
}
