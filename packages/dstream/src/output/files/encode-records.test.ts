import { expect, test } from 'vitest'
import { encodeRecords } from './encode-records.js'

function breathing() {
  let breaths = 0
  return { breathe: () => Promise.resolve(++breaths), count: () => breaths }
}

test('strings become lines, bytes stay as they are, in order', async () => {
  const buffer = new Uint8Array(1)
  const encode = (n: number): string | Uint8Array => (n % 2 === 0 ? `é${n}` : buffer.fill(n))
  const bytes = await encodeRecords([0, 1, 2, 3, 5, 4], encode, breathing().breathe)
  expect(Buffer.from(bytes).toString()).toBe('é0\n\u0001é2\n\u0003\u0005é4\n')
})

test('the event loop breathes while much is encoded', async () => {
  const { breathe, count } = breathing()
  const line = 'x'.repeat(1023)
  const bytes = await encodeRecords(Array<string>(1024).fill(line), (s) => s, breathe)
  expect([bytes.length, count()]).toEqual([1024 * 1024, 16])
})

test('what is neither is refused', async () => {
  const wrong = encodeRecords([1], (n) => n as never, breathing().breathe)
  await expect(wrong).rejects.toMatchObject({ code: 'bad-encoding' })
})
