import { Seconds } from 'dstream'
import { runBatches } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchwise, batchwiseUnordered } from '../../../test/laws.js'

/** Settles after as many turns as the record says: later records may be done first. */
async function slowly(n: number): Promise<number> {
  for (let i = 0; i < n % 5; i++) await Promise.resolve()
  return n * 10
}
const small = fc.integer({ min: 0, max: 20 })

test('is map, in the order of the records', () =>
  batchwise(
    small,
    (s) => s.mapAsync(slowly, { concurrency: 3 }),
    (b) => b.map((n) => n * 10),
  ))

test('unordered it gives the same records', () =>
  batchwiseUnordered(
    small,
    (s) => s.mapAsync(slowly, { ordered: false }),
    (b) => b.map((n) => n * 10),
  ))

test('no more at once than asked', async () => {
  let now = 0
  let most = 0
  const counted = async (n: number): Promise<number> => {
    most = Math.max(most, ++now)
    await slowly(n)
    now--
    return n
  }
  await runBatches([[1, 2, 3, 4, 5, 6, 7]], (s) => s.mapAsync(counted, { concurrency: 2 }))
  expect(most).toBe(2)
})

test('a rejection fails the batch with the very error, and aborts the others', async () => {
  const mine = new Error('mine')
  const aborted: boolean[] = []
  const f = async (n: number, signal: AbortSignal): Promise<number> => {
    if (n === 2) throw mine
    await slowly(4)
    aborted.push(signal.aborted)
    return n
  }
  await expect(runBatches([[1, 2, 3]], (s) => s.mapAsync(f, { concurrency: 3 }))).rejects.toBe(mine)
  expect(aborted).toContain(true)
})

test('as many calls as one likes may listen to the signal', async () => {
  const warnings: Error[] = []
  const warn = (warning: Error): void => void warnings.push(warning)
  process.on('warning', warn)
  const listening = async (n: number, signal: AbortSignal): Promise<number> => {
    signal.addEventListener('abort', () => {})
    await new Promise((resolve) => setImmediate(resolve))
    return n
  }
  const records = Array.from({ length: 30 }, (_, i) => i)
  await runBatches([records], (s) => s.mapAsync(listening, { concurrency: 30 }))
  await runBatches([records], (s) => s.mapAsync(listening, { concurrency: 30, timeout: Seconds(9) }))
  process.off('warning', warn)
  expect(warnings).toEqual([])
})
