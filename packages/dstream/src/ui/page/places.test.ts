import { expect, test } from 'vitest'
import { pick, withGaps } from './places.js'
import type { KnownBatch } from './store.js'

function batch(t: number, run: number): KnownBatch {
  return { t, run, status: 'COMPLETED', n: t / 1000, in: [], ok: 1, failed: 0, active: 0 }
}

test('a restart is a gap in every line', () => {
  const places = withGaps([batch(1000, 0), batch(2000, 0), batch(9000, 1), batch(10_000, 1)])
  expect(pick(places, ({ n }) => n)).toEqual([1, 2, null, 9, 10])
  expect(places[2]!.t).toBeGreaterThan(2000)
  expect(places[2]!.t).toBeLessThan(9000)
})

test('one run has no gap', () => {
  expect(pick(withGaps([batch(1000, 0), batch(2000, 0)]), ({ n }) => n)).toEqual([1, 2])
})
