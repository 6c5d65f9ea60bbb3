import type { LoopInput } from '../../plan/lineage.js'
import { ObjectCopies } from '../object-copies.js'
import { PairColumns } from '../pair-columns.js'
import { PairCopies } from '../pair-copies.js'

/** Arrays, {@link PairColumns} and the two kinds of copies are read by index, other inputs by their iterator. */
export type InputShape = 'array' | 'columns' | 'pairs' | 'objects' | 'iterator'
type Texts = Readonly<Record<InputShape, string>>

/** The statement before the loop. */
export const OPEN_INPUT: Texts = {
  array: '',
  columns: 'const keys = input.keys, values = input.values',
  pairs: 'const pairs = input.pairs',
  objects: 'const objects = input.objects',
  iterator: '',
}

/** The array with the length of the input. */
export const INDEXED: Texts = { array: 'input', columns: 'keys', pairs: 'pairs', objects: 'objects', iterator: '' }

/** The record at `i`. */
export const READ: Texts = {
  array: 'input[i]',
  columns: '[keys[i], values[i]]',
  pairs: '[pairs[i][0], pairs[i][1]]',
  objects: '{ ...objects[i] }',
  iterator: '',
}

export function inputShape(input: LoopInput): InputShape {
  if (Array.isArray(input)) return 'array'
  if (input instanceof PairColumns) return 'columns'
  if (input instanceof PairCopies) return 'pairs'
  return input instanceof ObjectCopies ? 'objects' : 'iterator'
}

/** Returns the number of records of an indexed input. */
export function sizeOf(input: LoopInput): number | undefined {
  if (Array.isArray(input)) return input.length
  const isIndexed = input instanceof PairColumns || input instanceof PairCopies || input instanceof ObjectCopies
  return isIndexed ? input.size : undefined
}
