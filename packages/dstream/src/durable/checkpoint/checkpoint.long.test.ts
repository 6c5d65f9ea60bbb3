import { expect, test } from 'vitest'
import {
  crashAtCalls,
  crashInRecovery,
  damageEverything,
  failAtCalls,
  illnesses,
} from '../../../test/checkpoint/sweeps.js'

test('the machine stops at every call of the disk', async () => {
  expect(await crashAtCalls(1)).toBeGreaterThan(1000)
})

test('it stops again in every recovery', async () => {
  expect(await crashInRecovery(1)).toBeGreaterThan(100)
})

test.each(illnesses)('the disk fails %s, at every call', async (_, fault, times) => {
  expect(await failAtCalls(fault, times, 1)).toBeGreaterThan(100)
})

test('every file cut at every length, every bit of it flipped, and gone', async () => {
  const { refused, recovered } = await damageEverything({ calls: 1, bytes: 1, bits: 1 })
  expect(refused + recovered).toBeGreaterThan(30_000)
  expect(Math.min(refused, recovered)).toBeGreaterThan(500)
})
