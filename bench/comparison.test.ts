import { describe, expect, test } from 'vitest'
import { compare, lessIsBetter } from './comparison.mjs'

const round = (value: number, unit?: string, goal = {}) => [
  { title: 'Feed', figures: [{ name: 'dstream', value, ...(unit === undefined ? {} : { unit }), ...goal }] },
]

test.each([
  ['milliseconds', { unit: 'ms' }, true],
  ['records per second', { unit: 'K posts/s' }, false],
  ['a ratio', {}, false],
  ['a ratio with a lower goal', { atLeast: 0.9 }, false],
  ['a number with an upper goal', { atMost: 3 }, true],
  ['milliseconds with a lower goal', { unit: 'ms', atLeast: 1 }, false],
])('%s: less is better', (_, figure, expected) => {
  expect(lessIsBetter({ name: 'x', value: 1, ...figure })).toBe(expected)
})

describe('a change is the median of the ratios of neighbours, as speed', () => {
  test.each([
    ['as fast', 'ms', [10, 11, 12], [10, 11, 12], 1, false],
    ['half as fast by time', 'ms', [10, 10, 10], [20, 20, 20], 0.5, true],
    ['half as fast by rate', 'K posts/s', [10, 10, 10], [5, 5, 5], 0.5, true],
    ['faster by rate', 'K posts/s', [10, 10, 10], [11, 11, 11], 1.1, false],
    ['within the tolerance', 'ms', [100], [103], 100 / 103, false],
    ['a slow round of the machine hits both', 'ms', [10, 30, 10], [10, 30, 10], 1, false],
    ['one noisy round', 'ms', [10, 10, 10], [10, 50, 10], 1, false],
  ])('%s', (_, unit, before, after, ratio, slower) => {
    const [change] = compare(
      before.map((value) => round(value, unit)),
      after.map((value) => round(value, unit)),
    )
    expect(change).toMatchObject({ name: 'Feed: dstream', ratio, slower })
  })
})

test('parts are told apart by the figure above them, and a figure of one side only is left out', () => {
  const figures = (value: number) => [
    { name: 'integers', value: 1, unit: 'ms' },
    { name: '  against by hand', value },
    { name: 'strings', value: 1, unit: 'ms' },
    { name: '  against by hand', value: 1 },
  ]
  const changes = compare(
    [[{ title: 'Window', figures: [...figures(1), { name: 'gone', value: 1 }] }]],
    [[{ title: 'Window', figures: figures(0.5) }]],
  )
  expect(changes.map(({ name, ratio }) => [name, ratio])).toEqual([
    ['Window: integers', 1],
    ['Window: integers › against by hand', 0.5],
    ['Window: strings', 1],
    ['Window: strings › against by hand', 1],
  ])
})
