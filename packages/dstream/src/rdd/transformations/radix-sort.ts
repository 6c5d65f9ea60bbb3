import type { Evaluation } from '../plan/evaluation.js'
import { chain, forEachInOrder, type MaybePromise } from '../../base/maybe-promise.js'
import { CHUNK_SIZE, type Permutation } from './merge-sort.js'

/** The values of a digit, which is a byte. */
const RADIX = 256
const DIGITS_OF_WORD = 4
const DIGITS = 2 * DIGITS_OF_WORD
const SIGN = 0x8000_0000
/** The word of a number that has its sign, by the byte order of the machine. */
const HIGH_WORD = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0

/** Numbers as pairs of words, whose order as unsigned integers is that of the numbers, and their places. */
interface Keys {
  readonly words: readonly [low: Uint32Array, high: Uint32Array]
  readonly places: Permutation
}

/**
 * Sorts numbers stably, by a radix sort from the lowest digit up that yields to the event loop. It makes no comparisons, whose outcome
 * a processor cannot foresee, and passes over digits that all numbers share: those of whole numbers are half of all.
 *
 * @param numbers without NaN; they are overwritten
 */
export function radixOrder(numbers: Float64Array, evaluation: Evaluation): MaybePromise<Permutation> {
  const { length } = numbers
  const counts = new Uint32Array(DIGITS * RADIX)
  let from = emptyKeys(length)
  let to: Keys | undefined
  const counted = inChunks(length, evaluation, (low, high) => readKeys(numbers, from, counts, low, high))
  const sorted = chain(counted, () =>
    forEachInOrder(DIGITS, (digit) => {
      const next = startsOf(counts.subarray(digit * RADIX, (digit + 1) * RADIX), length)
      if (next === undefined) return
      const target = (to ??= emptyKeys(length))
      const moved = inChunks(length, evaluation, (low, high) => moveKeys(from, target, { digit, next }, low, high))
      return chain(moved, () => {
        to = from
        from = target
      })
    }),
  )
  return chain(sorted, () => from.places)
}

function emptyKeys(length: number): Keys {
  return { words: [new Uint32Array(length), new Uint32Array(length)], places: new Uint32Array(length) }
}

function inChunks(
  length: number,
  evaluation: Evaluation,
  run: (low: number, high: number) => void,
): MaybePromise<void> {
  return forEachInOrder(Math.ceil(length / CHUNK_SIZE), (c) => {
    run(c * CHUNK_SIZE, Math.min(length, (c + 1) * CHUNK_SIZE))
    return evaluation.yieldIfDue(CHUNK_SIZE)
  })
}

/** Reads the keys of numbers, and counts the values of their digits. */
function readKeys(
  numbers: Float64Array,
  { words, places }: Keys,
  counts: Uint32Array,
  low: number,
  high: number,
): void {
  const halves = new Uint32Array(numbers.buffer, numbers.byteOffset, 2 * numbers.length)
  const [lows, highs] = words
  for (let i = low; i < high; i++) {
    // Minus zero becomes zero, since they are equal.
    numbers[i]! += 0
    let lowWord = halves[2 * i + 1 - HIGH_WORD]!
    let highWord = halves[2 * i + HIGH_WORD]!
    // The greater the magnitude of a negative number, the less it is.
    if (highWord >= SIGN) {
      lowWord = ~lowWord
      highWord = ~highWord
    } else highWord ^= SIGN
    lows[i] = lowWord
    highs[i] = highWord
    places[i] = i
    for (let d = 0; d < DIGITS_OF_WORD; d++) {
      counts[d * RADIX + ((lowWord >>> (8 * d)) & 255)]!++
      counts[(DIGITS_OF_WORD + d) * RADIX + ((highWord >>> (8 * d)) & 255)]!++
    }
  }
}

/** Returns where the keys with each value of a digit begin; `undefined` where all have the same. */
function startsOf(counts: Uint32Array, length: number): Uint32Array | undefined {
  const starts = new Uint32Array(RADIX)
  let start = 0
  for (let value = 0; value < RADIX; value++) {
    if (counts[value] === length) return undefined
    starts[value] = start
    start += counts[value]!
  }
  return starts
}

interface Digit {
  readonly digit: number
  /** Where the next key with each value of the digit goes. */
  readonly next: Uint32Array
}

function moveKeys(from: Keys, to: Keys, { digit, next }: Digit, low: number, high: number): void {
  const [fromLow, fromHigh] = from.words
  const [toLow, toHigh] = to.words
  const digits = digit < DIGITS_OF_WORD ? fromLow : fromHigh
  const shift = 8 * (digit % DIGITS_OF_WORD)
  for (let i = low; i < high; i++) {
    const place = next[(digits[i]! >>> shift) & 255]!++
    toLow[place] = fromLow[i]!
    toHigh[place] = fromHigh[i]!
    to.places[place] = from.places[i]!
  }
}
