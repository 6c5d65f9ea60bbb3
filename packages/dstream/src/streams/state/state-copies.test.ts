import { expect, test } from 'vitest'
import { KeyedState } from './keyed-state.js'
import { StateCopies } from './state-copies.js'

function tableOf<S>(value: S) {
  const table = new KeyedState<S>()
  table.begin(1)
  table.set('k', value)
  table.commit()
  table.begin(2)
  return { table, cell: table.cell('k')! }
}

test('one copy per key and batch: a later call finds what an earlier one did', () => {
  const { table, cell } = tableOf(new Set(['a']))
  const lender = new StateCopies<Set<string>>(false)
  lender.of(cell).add('b')
  expect([...lender.of(cell)]).toEqual(['a', 'b'])
  expect([...table.at('k')!]).toEqual(['a'])
})

test('where calls may be taken back, one copy per call', () => {
  const { cell } = tableOf(new Set(['a']))
  const lender = new StateCopies<Set<string>>(true)
  lender.of(cell).add('b')
  expect([...lender.of(cell)]).toEqual(['a'])
})

test('what the function has stored is its own', () => {
  const { table, cell } = tableOf(new Set(['a']))
  const lender = new StateCopies<Set<string>>(false)
  const own = new Set(['c'])
  table.write(cell, own)
  lender.own(cell, own)
  expect(lender.of(cell)).toBe(own)
})

test('what is frozen is lent as it is', () => {
  const { cell } = tableOf({ n: 1 })
  expect(new StateCopies<{ n: number }>(false).of(cell)).toBe(cell.value)
})
