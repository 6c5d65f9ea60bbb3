import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backOffMs } from './back-off.js'
import { nearestName } from './nearest.js'
import { printable } from './printable.js'

test('a back-off doubles, stays under its limit, and leaves out at most half', () => {
  const options = { baseMs: 500, maxMs: 30_000 }
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, random) => {
        const longest = attempt > 7 ? 30_000 : Math.min(30_000, 500 * 2 ** (attempt - 1))
        const pause = backOffMs(attempt, options, random)
        expect(pause).toBeGreaterThanOrEqual(longest / 2)
        expect(pause).toBeLessThanOrEqual(longest)
      },
    ),
  )
})

test.each([
  ['prot', 'port'],
  ['hots', 'host'],
  ['PORT', 'port'],
  ['maxLine', 'maxLineBytes'],
])('%s most likely means %s', (typed, meant) => {
  expect(nearestName(typed, ['from', 'host', 'port', 'maxLineBytes'])).toBe(meant)
})

test('printable text has no control character left and keeps the rest', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // eslint-disable-next-line no-control-regex
      expect(printable(text, 1e6)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/)
    }),
  )
  expect(printable('é\u001b[0m😀')).toBe('é\\u001b[0m😀')
  expect(printable('x'.repeat(200), 10)).toBe('xxxxxxxxxx…')
})
