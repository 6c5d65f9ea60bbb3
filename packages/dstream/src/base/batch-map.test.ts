import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BatchMap } from './batch-map.js'

test('law: forget keeps exactly the batches after the time, in the order in which they were set', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer()), fc.integer(), (times, until) => {
      const map = new BatchMap(times.map((time) => [time, `batch of ${time}`]))
      map.forget(until)
      expect([...map]).toEqual(times.filter((time) => time > until).map((time) => [time, `batch of ${time}`]))
    }),
  )
})
