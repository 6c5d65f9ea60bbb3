import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeJvCare, encodeJvCare, jvCareOf } from './jv-care.js'

const KNOWN = [
  ['1F4943CCC24843CBCB43C11F', '/newsletter/'],
  ['1F424F49CB4A42CB19C045C0', '/contact.php'],
  ['1F4DC4C54E481945CB4E', '/jvxml.htm'],
  [
    '4D4AC44AC242C146C0CB2D4DC442194B46C2C0484AC6B24F4F474643B24F49C24349CB151627',
    'javascript:jvc.displayCookieConsent();',
  ],
] as const

describe('the codes of the site', () => {
  test.each(KNOWN)('%s is %s', (code, address) => {
    expect(decodeJvCare(code)).toBe(address)
    expect(encodeJvCare(address)).toBe(code)
  })

  test('decoding undoes encoding, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a/-.?\u0000\u00a0éœ€😂'), minLength: 1 }), (text) => {
        expect(decodeJvCare(encodeJvCare(text))).toBe(text)
      }),
    )
  })

  test.each(['', '1', '1F4', 'zz', '1f42', '0G', 'FF', '1F FF'])('%j is no code', (code) => {
    expect(decodeJvCare(code)).toBe(undefined)
  })
})

test('the code is the token after JvCare, wherever white space stands', () => {
  const found = '/newsletter/'
  expect(jvCareOf('JvCare 1F4943CCC24843CBCB43C11F lien-jv')).toBe(found)
  expect(jvCareOf('  JvCare\n1F4943CCC24843CBCB43C11F ')).toBe(found)
  expect(jvCareOf('xXx 1F4943CCC24843CBCB43C11F')).toBe(undefined)
  expect(jvCareOf('JvCare')).toBe(undefined)
  expect(jvCareOf(undefined)).toBe(undefined)
})
