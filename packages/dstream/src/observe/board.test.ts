import { expect, test } from 'vitest'
import { Board, type PanelForm } from './board.js'

function rows(n: number, batchTime: number) {
  return { batchTime, rows: Array.from({ length: n }, (_, i) => ({ cells: [`${batchTime}/${i}`] })) }
}

test.each<[PanelForm, number, number[]]>([
  ['table', 20, [5]],
  ['number', 1, [5]],
  ['line', 1, [1, 2, 3, 4, 5]],
  // Whole batches, as many as are needed for the lines; one without lines takes no place.
  ['log', 4, [4, 5]],
])('a panel as %s with the limit %i keeps the batches %j', (form, limit, kept) => {
  const board = new Board()
  const index = board.define({ name: 'x', form, limit })
  for (const time of [1, 2, 3, 4, 5]) board.show(index, rows(form === 'log' && time === 3 ? 0 : 2, time))
  expect(board.panels[index]!.batches.map(({ batchTime }) => batchTime)).toEqual(kept)
})

test('a line shows the last 300 batches', () => {
  const board = new Board()
  const index = board.define({ name: 'x', form: 'line', limit: 1 })
  for (let time = 1; time <= 400; time++) board.show(index, rows(1, time))
  expect(board.panels[0]!.batches.map(({ batchTime }) => batchTime)).toEqual(
    Array.from({ length: 300 }, (_, i) => i + 101),
  )
})

test('rows that come once more replace those of the first attempt', () => {
  const board = new Board()
  const index = board.define({ name: 'x', form: 'log', limit: 9 })
  board.show(index, rows(2, 1))
  board.show(index, rows(3, 2))
  board.show(index, rows(1, 2))
  expect(board.panels[0]!.batches.map((batch) => batch.rows.length)).toEqual([2, 1])
})

test('only panels that have changed are told again', () => {
  const board = new Board()
  const [a, b] = [
    board.define({ name: 'a', form: 'table', limit: 1 }),
    board.define({ name: 'b', form: 'table', limit: 1 }),
  ]
  board.show(a, rows(1, 1))
  const { version } = board
  board.show(b, rows(1, 1))
  expect(board.since(version).map(({ name }) => name)).toEqual(['b'])
  expect(board.since(0).map(({ name }) => name)).toEqual(['a', 'b'])
})
