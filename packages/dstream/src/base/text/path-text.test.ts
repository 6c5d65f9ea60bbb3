import { expect, test } from 'vitest'
import { pathText } from './path-text.js'

const zeros = (n: number) => new Array<number>(n).fill(0)

test.each<[readonly PropertyKey[], string]>([
  [[], ''],
  [['posts', 3, 'author'], ' at .posts[3].author'],
  [['a\nb', Symbol('s')], ' at .a\\nb.Symbol(s)'],
  [zeros(16), ` at ${'[0]'.repeat(16)}`],
  [['first', ...zeros(1000), 'last'], ` at .first${'[0]'.repeat(7)}…${'[0]'.repeat(7)}.last`],
])('%#: the path to a part of a value as text, the middle of a long one left out', (path, text) => {
  expect(pathText(path, ' at ')).toBe(text)
})
