import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { manifestHead, manifestLine, readManifest, type ManifestEntry } from './manifest.js'

const entries: ManifestEntry[] = [
  { time: 1000, files: [] },
  { time: 2000, files: [{ name: 'batch-2000-00000', records: 2, bytes: 4, crc32: '0000abcd' }] },
  { time: 1500, files: [{ name: 'batch-1500-00001', records: 1, bytes: 9, crc32: 'ffffffff' }] },
]
const whole = Buffer.concat([manifestHead(), ...entries.map(manifestLine)])
function read(bytes: Uint8Array) {
  return readManifest('out', bytes)
}
const lineEnds = [...whole.keys()].filter((i) => whole[i] === 0x0a).map((i) => i + 1)

describe('the manifest', () => {
  test('is lines of JSON that read back as they were', () => {
    expect(read(whole)).toEqual({ entries: entries.map((entry) => expect.objectContaining(entry)), end: whole.length })
    const [head, , second] = whole.toString().split('\n')
    expect(JSON.parse(head!)).toMatchObject({ dstream: 'file-sink', format: 1 })
    expect(JSON.parse(second!)).toMatchObject(entries[1]!)
  })

  test('cut at any byte behind its head it holds the batches whose lines are whole', () => {
    for (let size = lineEnds[0]!; size <= whole.length; size++) {
      const complete = lineEnds.filter((end) => end <= size)
      const { entries: found, end } = read(whole.subarray(0, size))
      expect([found.length, end], `cut at ${size}`).toEqual([complete.length - 1, complete.at(-1)])
    }
  })

  test('cut inside its head, or without one, it is refused', () => {
    for (let size = 0; size < lineEnds[0]!; size++) {
      expect(() => read(whole.subarray(0, size)), `cut at ${size}`).toThrow(/manifest/)
    }
    expect(() => read(whole.subarray(lineEnds[0]))).toThrow('does not begin like')
  })

  test('any bit that has flipped before the last line is found, and named with its place', () => {
    for (let i = 0; i < lineEnds.at(-2)! * 8; i++) {
      const bytes = Uint8Array.from(whole)
      bytes[i >> 3]! ^= 1 << (i & 7)
      expect(() => read(bytes), `bit ${i}`).toThrow(expect.objectContaining({ code: 'manifest-damaged' }))
    }
  })

  test('garbage behind the last line counts as torn', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (garbage) => {
        expect(read(Buffer.concat([whole, garbage]))).toMatchObject({ end: whole.length })
      }),
    )
  })

  test('a newer format is refused', () => {
    const newer = Buffer.from(manifestLine({ dstream: 'file-sink', format: 2 } as never))
    expect(() => read(newer)).toThrow('format 2')
  })
})
