import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LineBlocks } from './line-blocks.js'
import { LineSplitter } from './line-splitter.js'

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const at = [...new Set(places.map((p) => p % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length))
}

const line = fc.string({ unit: 'grapheme', maxLength: 40 }).map((s) => s.replace(/[\r\n]/g, ' '))
const cuts = fc.array(fc.nat(), { maxLength: 30 })

describe('LineSplitter', () => {
  test('gives the lines of the text, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(line), line, cuts, (lines, rest, places) => {
        const splitter = new LineSplitter()
        const out = cut(Buffer.from([...lines, rest].join('\n')), places).flatMap((c) => splitter.push(c).map(String))
        expect(out).toEqual(lines)
        expect(String(splitter.end() ?? '')).toBe(rest)
      }),
    )
  })

  test('leaves out exactly the lines that are too long, and says so once for each', () => {
    fc.assert(
      fc.property(fc.array(line), cuts, fc.integer({ min: 1, max: 30 }), (lines, places, maxLineBytes) => {
        const long: string[] = []
        const splitter = new LineSplitter({ maxLineBytes, onTooLong: (start) => long.push(String(start)) })
        const out = cut(Buffer.from(lines.map((l) => `${l}\n`).join('')), places).flatMap((c) =>
          splitter.push(c).map(String),
        )
        const fits = (l: string) => Buffer.byteLength(l) <= maxLineBytes
        expect(out).toEqual(lines.filter(fits))
        expect(long).toHaveLength(lines.filter((l) => !fits(l)).length)
      }),
    )
  })

  test('a carriage return belongs to the line end', () => {
    expect(new LineSplitter().push(Buffer.from('a\r\n\r\nb\n')).map(String)).toEqual(['a', '', 'b'])
  })

  test('lines stay what they were when more bytes come', () => {
    const splitter = new LineSplitter()
    splitter.push(Buffer.from('first'))
    const [first] = splitter.push(Buffer.from(' line\nsecond'))
    splitter.push(Buffer.from(' and more of it'))
    expect(String(first)).toBe('first line')
  })
})

describe('LineBlocks', () => {
  test('64 MiB without a line end: linear, and never more than the longest line is held', () => {
    const chunk = Buffer.alloc(65_536, 'x')
    let tooLong = 0
    const blocks = new LineBlocks({ onTooLong: () => tooLong++ })
    const before = process.cpuUsage()
    for (let i = 0; i < 1024; i++) expect(blocks.push(chunk)).toEqual([])
    const { user } = process.cpuUsage(before)
    expect(tooLong).toBe(1)
    // A quadratic splitter takes 20 to 40 seconds here.
    expect(user / 1e6).toBeLessThan(2)
    expect(blocks.rest()).toHaveLength(0)
  })

  test('one line of a mebibyte, byte by byte, is linear too', () => {
    const blocks = new LineBlocks()
    const byte = Buffer.from('x')
    for (let i = 0; i < 1_000_000; i++) blocks.push(byte)
    expect(Buffer.concat(blocks.push(Buffer.from('\n')))).toHaveLength(1_000_001)
  })
})
