import { Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pairs } from '../../../test/laws.js'

test('for every key of either side its values on both, in order of arrival', () =>
  fc.assert(
    fc.asyncProperty(fc.array(pairs, { maxLength: 8 }), fc.array(pairs, { maxLength: 8 }), async (left, right) => {
      const t = new TestContext({ batchInterval: Seconds(1) })
      const out = t.output(t.inputPairs([left]).cogroup(t.inputPairs([right])))
      await t.run()
      const keys = [...new Set([...left, ...right].map(([k]) => k))]
      const values = (side: typeof left, key: string): number[] => side.filter(([k]) => k === key).map(([, v]) => v)
      expect(out.batches[0]).toEqual(keys.map((key) => [key, [values(left, key), values(right, key)]]))
    }),
    { numRuns: 40 },
  ))
