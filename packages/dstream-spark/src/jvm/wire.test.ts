import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packFrame, unpackFrame } from './pack.js'
import { BlockReader, framed, FrameReader, framedWithBlocks, framesIn, tableBytes, tableOf } from './wire.js'

describe('frames', () => {
  test('come out as they went in, however the bytes are cut', () => {
    const frame = fc.uint8Array({ maxLength: 40 })
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
        (frames, cuts) => {
          const bytes = Buffer.concat(frames.flatMap((content) => framed(content)))
          const read: number[][] = []
          const reader = new FrameReader((got) => void read.push([...got]))
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const until = at + cuts[i % cuts.length]!
            reader.add(bytes.subarray(at, until))
            at = until
          }
          expect(read).toEqual(frames.map((content) => [...content]))
        },
      ),
    )
  })

  test('of plain data and bytes are packed and unpacked', () => {
    const plain = fc.jsonValue({ noUnicodeString: false })
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.uint8Array().map((given) => Buffer.from(given)),
    )
    fc.assert(
      fc.property(plain, fc.array(bytes, { maxLength: 4 }), (data, chunks) => {
        const got = unpackFrame(Buffer.from(packFrame({ data, chunks }))) as { data: unknown; chunks: Uint8Array[] }
        expect(JSON.stringify(got.data)).toBe(JSON.stringify(data))
        expect(got.chunks.map((chunk) => [...chunk])).toEqual(chunks.map((chunk) => [...chunk]))
      }),
    )
  })

  test('with a Buffer are packed without the list of its numbers', () => {
    const bytes = Object.assign(Buffer.of(1, 2), {
      toJSON: () => {
        throw new Error('the bytes are asked for their numbers')
      },
    })
    expect(unpackFrame(Buffer.from(packFrame({ bytes })))).toEqual({ bytes: Buffer.of(1, 2) })
  })

  test('with blocks behind them come together with these', () => {
    const bytes = fc.uint8Array({ maxLength: 9 })
    fc.assert(
      fc.property(fc.array(fc.tuple(bytes, fc.array(bytes, { maxLength: 4 }))), (messages) => {
        const read: (readonly [Buffer, readonly Buffer[]])[] = []
        const blocks = new BlockReader((frame, behind) => void read.push([frame, behind]))
        const sent = Buffer.concat(messages.flatMap(([frame, behind]) => framedWithBlocks(frame, behind)))
        for (const part of framesIn(sent)) blocks.add(part)
        const plain = (all: typeof messages | typeof read): unknown =>
          all.map(([frame, behind]) => [[...frame], behind.map((block) => [...block])])
        expect(plain(read)).toEqual(plain(messages))
      }),
    )
  })

  test('of tables of texts', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' })), (table) => {
        expect(tableOf(Buffer.from(tableBytes(table)))).toEqual({ ...table })
      }),
    )
  })
})
