import type { LoopInput } from '../../plan/lineage.js'
import { PairColumns } from '../pair-columns.js'
import { PairCopies } from '../pair-copies.js'

/** Arrays, {@link PairColumns} and {@link PairCopies} are read by index, other inputs by their iterator. */
export type InputShape = 'array' | 'columns' | 'pairs' | 'iterator'
type Texts = Readonly<Record<InputShape, string>>

/** The statement before the loop. */
export const OPEN_INPUT: Texts = {
  array: '',
  columns: 'const keys = input.keys, values = input.values',
  pairs: 'const pairs = input.pairs',
  iterator: '',
}

/** The array with the length of the input. */
export const INDEXED: Texts = { array: 'input', columns: 'keys', pairs: 'pairs', iterator: '' }

/** The record at `i`. */
export const READ: Texts = {
  array: 'input[i]',
  columns: '[keys[i], values[i]]',
  pairs: '[pairs[i][0], pairs[i][1]]',
  iterator: '',
}

export function inputShape(input: LoopInput): InputShape {
  if (Array.isArray(input)) return 'array'
  if (input instanceof PairColumns) return 'columns'
  return input instanceof PairCopies ? 'pairs' : 'iterator'
}

/** Returns the number of records of an indexed input. */
export function sizeOf(input: LoopInput): number | undefined {
  if (Array.isArray(input)) return input.length
  return input instanceof PairColumns || input instanceof PairCopies ? input.size : undefined
}
