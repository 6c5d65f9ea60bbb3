import { test } from 'vitest'
import { batchwise, pairs } from '../../../test/laws.js'

function grouped(batch: readonly [string, number][]): [string, number[]][] {
  const groups = new Map<string, number[]>()
  for (const [k, v] of batch) groups.set(k, [...(groups.get(k) ?? []), v])
  return [...groups]
}

test('values in order of arrival, keys in order of first arrival', () =>
  batchwise(pairs, (s) => s.groupByKey(), grouped))

test('combineByKey with arrays is the same', () =>
  batchwise(
    pairs,
    (s) =>
      s.combineByKey(
        (v) => [v],
        (c: number[], v) => [...c, v],
        (a, b) => [...a, ...b],
      ),
    grouped,
  ))
