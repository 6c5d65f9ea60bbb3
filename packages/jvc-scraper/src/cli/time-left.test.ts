import { expect, test } from 'vitest'
import { timeLeft } from './time-left.js'

test.each([
  [undefined, undefined],
  [0, 'about 1 s'],
  [39_600, 'about 40 s'],
  [99_400, 'about 99 s'],
  [99_600, 'about 2 min'],
  [7_200_000, 'about 120 min'],
])('%s ms: %s', (ms, text) => {
  expect(timeLeft(ms)).toBe(text)
})
