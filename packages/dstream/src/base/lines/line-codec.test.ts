import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endOfLines, lineCodec } from './line-codec.js'
import { hardText, linesOf } from '../../../test/hard-text.js'

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
function lines(data: Uint8Array): string[] {
  return [...lineCodec.decode(data, () => {})]
}

describe('lines', () => {
  test.each<[string, string[]]>([
    ['', []],
    ['a', ['a']],
    ['a\n', ['a']],
    ['\n', ['']],
    ['a\n\nb\n', ['a', '', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['a\rb\r', ['a', 'b']],
    ['a\n\rb', ['a', '', 'b']],
    ['a\r\r\nb', ['a', '', 'b']],
    ['\r\n\r\n', ['', '']],
    ['\ufeffé\u2028€😀\0\n', ['\ufeffé\u2028€😀\0']],
  ])('of %j are %j', (text, expected) => {
    expect(lines(bytes(text))).toEqual(expected)
    expect(lineCodec.count(bytes(text))).toBe(expected.length)
  })

  test('what is no UTF-8 becomes U+FFFD', () => {
    expect(lines(Uint8Array.of(0x61, 0xff, 0x62, 0x0a, 0x63))).toEqual(['a\ufffdb', 'c'])
  })

  test('bytes in the middle of a larger array', () => {
    expect(lines(bytes('xx\na\nb\nyy').subarray(3, 6))).toEqual(['a', 'b'])
  })
})

test('law: lines are what lies between line ends, and are counted without being decoded', () => {
  fc.assert(
    fc.property(hardText, (text) => {
      expect(lines(bytes(text))).toEqual(linesOf(text))
      expect(lineCodec.count(bytes(text))).toBe(linesOf(text).length)
    }),
  )
})

test('law: cut behind any number of lines, the two halves hold the lines', () => {
  fc.assert(
    fc.property(hardText, fc.nat(70), (text, n) => {
      const data = bytes(text)
      const at = lineCodec.offsetAfter(data, n)
      expect(lines(data.subarray(0, at))).toEqual(linesOf(text).slice(0, n))
      expect(lines(data.subarray(at))).toEqual(linesOf(text).slice(n))
    }),
  )
})

test('law: the end of the lines is behind the last line end', () => {
  fc.assert(
    fc.property(
      hardText,
      (text) => void expect(endOfLines(bytes(text))).toBe(bytes(/^.*[\n\r]/s.exec(text)?.[0] ?? '').length),
    ),
  )
})
