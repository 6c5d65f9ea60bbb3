import { expect, test } from 'vitest'
import { sweep } from './sweep.js'
import { expectEveryCell, runsOf, tableOf } from './table.js'

test('every graph is cut at every step and every call of the disk, and so is its recovery', async () => {
  const counts = await sweep(1)
  console.log(tableOf(counts))
  expectEveryCell(counts)
  expect(runsOf(counts)).toBeGreaterThan(10_000)
})
