import { expect, test } from 'vitest'
import { decodeObjects, encodeObjects } from './object-file.js'

async function encode(records: unknown[]): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of encodeObjects(records)) pieces.push(piece)
  return Buffer.concat(pieces)
}
function decode(bytes: Uint8Array): unknown[] {
  return [...decodeObjects('dir/part-00000', bytes)]
}

test.each([0, 1, 255, 256, 257, 1000])('%i records are read back equal', async (n) => {
  const records = Array.from({ length: n }, (_, i) => ({ i, text: `t${i}` }))
  expect(decode(await encode(records))).toEqual(records)
})

test('a record may be anything that an end mark looks like', async () => {
  const records = [3, [1, 2], [], undefined, null, -0, NaN, 'x', 10n]
  expect(decode(await encode(records))).toEqual(records)
})

test('a file that was cut anywhere, or in which a bit has flipped, is refused with its name', async () => {
  const whole = await encode(Array.from({ length: 300 }, (_, i) => i % 7))
  const refused = (bytes: Uint8Array, what: string): void =>
    expect(() => decode(bytes), what).toThrow(
      expect.objectContaining({
        code: expect.stringMatching(/^(object-file-damaged|checkpoint-newer-format)$/),
        message: expect.stringContaining('dir/part-00000'),
      }),
    )
  for (let size = 0; size < whole.length; size++) refused(whole.subarray(0, size), `cut at ${size}`)
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const bytes = Uint8Array.from(whole)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    refused(bytes, `bit ${bit}`)
  }
})
