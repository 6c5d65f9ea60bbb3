import { test } from 'vitest'
import { batchwise, pairs } from '../../../test/laws.js'

test('values change, keys and order stay', () =>
  batchwise(
    pairs,
    (s) => s.mapValues((n) => n * 2),
    (b) => b.map(([k, v]): [string, number] => [k, v * 2]),
  ))
