import { expect, test } from 'vitest'
import { RecentStacks } from './recent-stacks.js'

test('a stack is shown again after a minute', () => {
  let now = 0
  const stacks = new RecentStacks(() => now)
  const shown = [0, 1, 59_999, 60_000, 60_001].map((time) => {
    now = time
    return stacks.add('at f')
  })
  expect(shown).toEqual([true, false, false, true, false])
  expect(stacks.add('at g')).toBe(true)
})

test('stacks without end take no memory without end, and each new one is shown', () => {
  const stacks = new RecentStacks(() => 0)
  for (let n = 0; n < 10_000; n++) expect(stacks.add(`at f${n}`)).toBe(true)
  expect(stacks.add('at f9999')).toBe(false)
})
