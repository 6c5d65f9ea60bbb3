import { test } from 'vitest'
import { batchwise, words } from '../../../test/laws.js'

function each(w: string): [string, number][] {
  return [...w].map((c, i) => [c, i])
}

test('the records are those of flatMap', () =>
  batchwise(
    words,
    (s) => s.flatMapToPair(each),
    (b) => b.flatMap(each),
  ))
