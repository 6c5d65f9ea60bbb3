import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { DamagedError } from '../../base/errors/storage.js'
import { encodeFile, encodeFrames, FORMAT, FRAME_HEADER_BYTES, preamble, PREAMBLE_BYTES, readFrames } from './frame.js'
import { crc32 } from './crc32.js'

function text(s: string): Uint8Array {
  return new TextEncoder().encode(s)
}
function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}
const payloads = fc.array(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 }), { maxLength: 4 })

/** A log file as it grows: one append per group, each confirmed before the next. */
function grown(first: number, groups: readonly (readonly (readonly Uint8Array[])[])[]): Uint8Array {
  let sequence = first
  const parts = groups.map((group) => {
    const bytes = encodeFrames('j', first, sequence, group)
    sequence += group.length
    return bytes
  })
  return join(preamble('j', first), ...parts)
}
function read(bytes: Uint8Array, tail = true) {
  return readFrames('journal/1', 'j', bytes, { tail })
}
function outcome(bytes: Uint8Array): string[] | DamagedError {
  try {
    return read(bytes).frames.map((frame) => Buffer.from(frame.payload).toString('hex'))
  } catch (error) {
    if (error instanceof DamagedError) return error
    throw error
  }
}

test('what is written is read, with offsets and sequence numbers', () => {
  fc.assert(
    fc.property(fc.array(payloads, { maxLength: 4 }), fc.nat(), (groups, first) => {
      const bytes = grown(first, groups)
      const { frames, end, torn } = read(bytes)
      expect(frames.map((frame) => [...frame.payload])).toEqual(groups.flat().map((parts) => [...join(...parts)]))
      expect(frames.map((frame) => frame.sequence)).toEqual(frames.map((_, i) => first + i))
      expect([end, torn]).toEqual([bytes.length, 0])
    }),
  )
})

test('sequence numbers go on beyond 32 bits', () => {
  const first = 2 ** 32 - 1
  expect(read(grown(first, [[[text('a')], [text('b')]]])).frames.map((frame) => frame.sequence)).toEqual([
    first,
    first + 1,
  ])
})

test.each<[string, Uint8Array]>([
  ['of another kind', encodeFrames('c', 5, 6, [[text('two')]])],
  ['of another log file', encodeFrames('j', 4, 6, [[text('two')]])],
])('a frame %s is none, though its sequence number fits', (_, foreign) => {
  const own = grown(5, [[[text('one')]]])
  expect(outcome(join(own, encodeFrames('j', 5, 6, [[text('two')]])))).toHaveLength(2)
  expect(outcome(join(own, foreign))).toEqual([Buffer.from('one').toString('hex')])
})

describe('a torn tail', () => {
  test('at every length: what was confirmed is read, the rest is torn', () => {
    const groups = [[[text('one')]], [[text('two')], [text('three')]], [[text('four')]]]
    const bytes = grown(5, groups)
    const ends = [PREAMBLE_BYTES]
    for (const parts of groups.flat()) ends.push(ends.at(-1)! + FRAME_HEADER_BYTES + join(...parts).length)
    for (let length = PREAMBLE_BYTES; length <= bytes.length; length++) {
      const { frames, end, torn } = read(bytes.subarray(0, length))
      expect(end).toBe(ends.filter((e) => e <= length).at(-1))
      expect(frames).toHaveLength(ends.filter((e) => e <= length).length - 1)
      expect(torn).toBe(length - end)
    }
  })

  test('zeros or garbage after the last frame are torn', () => {
    const bytes = grown(5, [[[text('one')]]])
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 99 }), fc.constant(new Uint8Array(5000))), (tail) => {
        expect(outcome(join(bytes, tail))).toEqual([Buffer.from('one').toString('hex')])
      }),
    )
  })

  test('of one append any part may be missing: a good frame behind a lost one is torn too, for nothing was confirmed', () => {
    const confirmed = grown(5, [[[text('one')]]])
    const group = encodeFrames('j', 5, 6, [[text('lost')], [text('kept')]])
    group.fill(0, 0, FRAME_HEADER_BYTES + 4)
    expect(outcome(join(confirmed, group))).toHaveLength(1)
  })

  test('in a file that is not the newest it is damage', () => {
    const bytes = grown(5, [[[text('one')]]])
    expect(() => read(bytes.subarray(0, bytes.length - 1), false)).toThrow(DamagedError)
  })
})

describe('damage', () => {
  test('every single bit flipped: a committed prefix or a refusal with file and offset, and a refusal when more was confirmed', () => {
    const groups = [[[text('one')]], [[text('two')], [text('three')]], [[text('four')]]]
    const bytes = grown(5, groups)
    const whole = outcome(bytes) as string[]
    const lastGroup = bytes.length - (FRAME_HEADER_BYTES + 4)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      const result = outcome(flipped)
      if (bit >> 3 < lastGroup) {
        expect(result, `bit ${bit}`).toBeInstanceOf(DamagedError)
        expect((result as DamagedError).file).toBe('journal/1')
        expect((result as DamagedError).offset).toBeLessThanOrEqual(bit >> 3)
      } else expect(result).toEqual(whole.slice(0, 3))
    }
  })

  test('a frame of another file, or of another place, is none', () => {
    const other = encodeFrames('j', 6, 6, [[text('x')]])
    const elsewhere = encodeFrames('j', 5, 9, [[text('x')]])
    for (const strange of [other, elsewhere]) expect(outcome(join(preamble('j', 5), strange))).toEqual([])
  })

  test('a file without a head is damage, not a fresh start', () => {
    for (const bytes of [new Uint8Array(), new Uint8Array(4096), preamble('j', 5).subarray(0, 10)]) {
      expect(() => read(bytes)).toThrow(DamagedError)
    }
    expect(() => readFrames('x', 'c', preamble('j', 5), { tail: true })).toThrow(/kind "j"/)
  })

  test('a newer format is told from damage', () => {
    const bytes = preamble('j', 5)
    const view = new DataView(bytes.buffer)
    view.setUint32(8, FORMAT + 1, true)
    view.setUint32(20, crc32(bytes.subarray(0, 20)), true)
    expect(() => read(bytes)).toThrow(expect.objectContaining({ code: 'checkpoint-newer-format' }))
  })
})

test('a file that is put as a whole reads the same', () => {
  const bytes = encodeFile('o', 3, [[text('a'), text('b')], [text('c')]])
  expect(
    readFrames('o', 'o', bytes, { tail: false }).frames.map((frame) => Buffer.from(frame.payload).toString()),
  ).toEqual(['ab', 'c'])
})
