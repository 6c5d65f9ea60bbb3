import { expect, test } from 'vitest'
import { sweep } from './sweep.js'
import { runsOf } from './table.js'

// A sample; crash-sweep.long.test.ts cuts everywhere and prints the table.
test('a crash is as if it had not been, in every graph', async () => {
  expect(runsOf(await sweep(211))).toBeGreaterThan(100)
})
