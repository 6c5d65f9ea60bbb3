import { Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

test('each record to the first predicate that holds', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 99 })), async (batch) => {
      const t = new TestContext({ batchInterval: Seconds(1) })
      const [even, three, rest] = t.input([batch]).branch(
        (n) => n % 2 === 0,
        (n) => n % 3 === 0,
        () => true,
      )
      const outs = [even, three, rest].map((stream) => t.output(stream))
      await t.run()
      expect(outs.map((out) => out.batches[0])).toEqual([
        batch.filter((n) => n % 2 === 0),
        batch.filter((n) => n % 2 !== 0 && n % 3 === 0),
        batch.filter((n) => n % 2 !== 0 && n % 3 !== 0),
      ])
    }),
    { numRuns: 30 },
  ))
