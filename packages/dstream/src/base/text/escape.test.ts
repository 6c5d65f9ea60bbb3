import fc from 'fast-check'
import { expect, test } from 'vitest'
import { escapeControl } from './escape.js'

test.each([
  ['é à 😀 👩‍👩‍👧 ok\ttab', 'é à 😀 👩‍👩‍👧 ok\ttab'],
  ['a\u001b[2Jb', 'a\\x1b[2Jb'],
  ['one\ntwo\r', 'one\\ntwo\\r'],
  ['\u0000\u0007\u0008', '\\x00\\x07\\x08'],
  ['\u007f\u0080\u009b31m', '\\x7f\\x80\\x9b31m'],
  ['user\u202eexe.nimda', 'user\\u202eexe.nimda'],
  ['a\u2028b\u2066c', 'a\\u2028b\\u2066c'],
  ['C:\\new', 'C:\\new'],
])('%j', (text, expected) => {
  expect(escapeControl(text)).toBe(expected)
})

test('what comes out has no control character but tab, and is left alone the second time', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.oneof(fc.nat(0x100), fc.nat(0x2fff)).map((n) => String.fromCharCode(n)) }),
      (text) => {
        const escaped = escapeControl(text)
        expect(escaped).not.toMatch(/(?!\t)\p{Cc}/u)
        expect(escapeControl(escaped)).toBe(escaped)
      },
    ),
  )
})
