/** Not the same in two processes, so that nobody can choose numbers that all fall on one place. No result depends on it. */
const SEED = crypto.getRandomValues(new Int32Array(1))[0]!
/** 2^32 divided by the golden ratio: its multiples spread evenly (Knuth, The Art of Computer Programming, volume 3, 6.4). */
const SPREAD = 0x9e3779b1

/** Whether a key is a whole number of 32 bits: tables find these in half the time that a Map takes. −0 is 0. */
export function isInteger(key: unknown): key is number {
  return typeof key === 'number' && (key | 0) === key
}

/** By how much to shift a hash for a table of `length` places, which is a power of two. */
export function shiftFor(length: number): number {
  return Math.clz32(length) + 1
}

/** Where the search for a key begins in a table with open addressing. */
export function firstSlotOf(key: number, shift: number): number {
  return Math.imul(key ^ SEED, SPREAD) >>> shift
}
