import fc from 'fast-check'
import { test } from 'vitest'
import { anyPage, readsOrRefuses } from './fuzz.js'

test('100,000 damaged pages are read or refused, never more', () => {
  fc.assert(fc.property(anyPage, readsOrRefuses), { numRuns: 100_000 })
})
