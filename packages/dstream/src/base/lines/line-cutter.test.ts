import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat } from '../values/bytes.js'
import { lineCodec } from './line-codec.js'
import { hardText, linesOf } from '../../../test/hard-text.js'
import { LineCutter } from './line-cutter.js'

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** The lines that come out of chunks cut at these places, put one behind the other as in a block. */
function linesOut(data: Uint8Array, cuts: readonly number[], maxLineBytes = 1e6) {
  let tooLong = 0
  const cutter = new LineCutter(maxLineBytes, () => tooLong++)
  const pieces: Uint8Array[] = []
  const take = (lines: Uint8Array | undefined): void => {
    if (lines !== undefined) pieces.push(lines)
  }
  const places = [0, ...cuts.map((cut) => cut % (data.length + 1)).sort((a, b) => a - b), data.length]
  for (const [i, from] of places.entries())
    if (i + 1 < places.length) take(cutter.push(data.subarray(from, places[i + 1])))
  take(cutter.end())
  const counted = pieces.reduce((sum, piece) => sum + lineCodec.count(piece), 0)
  return { out: [...lineCodec.decode(concat(pieces), () => {})], counted, tooLong }
}

const cuts = fc.array(fc.nat(400), { maxLength: 30 })

test('law: however a text is cut into chunks, its lines come out', () => {
  fc.assert(
    fc.property(hardText, cuts, (text, at) => void expect(linesOut(bytes(text), at).out).toEqual(linesOf(text))),
  )
})

test('law: the lines of two streams, one after the other, are counted piece by piece and do not run together', () => {
  fc.assert(
    fc.property(hardText, hardText, fc.nat(40), (first, second, at) => {
      const pieces = [first, second].flatMap((text) => {
        const cutter = new LineCutter(1e6, () => {})
        const data = bytes(text)
        return [cutter.push(data.subarray(0, at)), cutter.push(data.subarray(at)), cutter.end()]
      })
      const whole = concat(pieces.filter((piece) => piece !== undefined))
      expect([...lineCodec.decode(whole, () => {})]).toEqual([...linesOf(first), ...linesOf(second)])
      expect(pieces.reduce((sum, piece) => sum + (piece ? lineCodec.count(piece) : 0), 0)).toBe(lineCodec.count(whole))
    }),
  )
})

test('law: lines above the bound are left out, each told once, and no other', () => {
  fc.assert(
    fc.property(hardText, cuts, fc.integer({ min: 1, max: 8 }), (text, at, max) => {
      const lines = linesOf(text)
      const fitting = lines.filter((line) => bytes(line).length <= max)
      const { out, counted, tooLong } = linesOut(bytes(text), at, max)
      expect(out).toEqual(fitting)
      expect(counted).toBe(fitting.length)
      expect(tooLong).toBe(lines.length - fitting.length)
    }),
  )
})

describe('push', () => {
  test('gives whole lines as soon as they are complete', () => {
    const cutter = new LineCutter(100, () => {})
    const shown = (chunk: string): string | undefined => {
      const lines = cutter.push(bytes(chunk))
      return lines === undefined ? undefined : new TextDecoder().decode(lines)
    }
    expect(['a', 'b\nc', '', 'd\r', '\ne', 'f\n'].map(shown)).toEqual([
      undefined,
      'ab\n',
      undefined,
      'cd\r',
      undefined,
      'ef\n',
    ])
    expect(cutter.end()).toBeUndefined()
  })

  test('holds no more of an endless line than the bound', () => {
    let tooLong = 0
    const cutter = new LineCutter(1000, () => tooLong++)
    for (let n = 0; n < 10_000; n++) expect(cutter.push(bytes('x'.repeat(100)))).toBeUndefined()
    expect(tooLong).toBe(1)
    expect(new TextDecoder().decode(cutter.push(bytes('x\nshort\n')))).toBe('short\n')
  })
})
