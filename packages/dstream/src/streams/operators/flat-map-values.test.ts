import { test } from 'vitest'
import { batchwise, pairs } from '../../../test/laws.js'

test('values under the same key, in order', () =>
  batchwise(
    pairs,
    (s) => s.flatMapValues((n) => [n, n + 1]),
    (b) =>
      b.flatMap(([k, v]): [string, number][] => [
        [k, v],
        [k, v + 1],
      ]),
  ))
