import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventLoopYielder } from '../../platform/event-loop-yielder.js'
import { stringLists } from '../../platform/string-lists.js'
import { decodedChunks, encodedInput } from './encoded-input.js'

/** Strings of one byte a character and of two, also halves of pairs, short and long. */
const string = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: fc.constantFrom('a', 'é', 'œ', '\u{1f600}', '\ud800', '\udc00'), minLength: 60, maxLength: 300 }),
)
const record = fc.oneof({ weight: 9, arbitrary: string }, { weight: 1, arbitrary: fc.integer() })
/** Lists that are mostly one chunk, and at times several. */
const records = fc
  .tuple(fc.oneof(fc.array(string), fc.array(record)), fc.constantFrom(1, 1, 1, 300))
  .map(([list, times]) => Array.from({ length: times }, () => list).flat())

test('records arrive as they are, wherever their bytes lie', async () => {
  await fc.assert(
    fc.asyncProperty(records, fc.nat({ max: 7 }), async (given, offset) => {
      const input = await encodedInput({ records: given }, { yielder: eventLoopYielder, stringLists })
      if (!('chunks' in input)) throw new Error('records are sent in chunks')
      const moved = input.chunks.map((bytes) => {
        const all = new Uint8Array(offset + bytes.length)
        all.set(bytes, offset)
        return all.subarray(offset)
      })
      expect(decodedChunks(moved, stringLists)).toEqual(given)
    }),
  )
})

test('long strings are copied, and others are not', async () => {
  const [long, short] = await Promise.all(
    ['long '.repeat(20), 'short'].map((text) =>
      encodedInput({ records: [text] }, { yielder: eventLoopYielder, stringLists }),
    ),
  )
  const firstByte = (input: unknown): unknown => (input as { chunks: Uint8Array[] }).chunks[0]![0]
  expect(firstByte(long)).toBe(stringLists.firstByte)
  expect(firstByte(short)).not.toBe(stringLists.firstByte)
})
