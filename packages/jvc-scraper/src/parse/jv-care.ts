/** The site's sixteen letters; the index of a letter is its nibble. */
const ALPHABET = '0A12B34C56D78E9F'
const NIBBLES = new Map([...ALPHABET].map((letter, nibble) => [letter, nibble]))
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Decodes the address hidden in a `JvCare` code: two letters a byte, in UTF-8.
 *
 * @returns undefined when the code is invalid (a letter outside the alphabet, an odd length, invalid UTF-8).
 * @example
 * decodeJvCare('1F4943CCC24843CBCB43C11F') // '/newsletter/'
 */
export function decodeJvCare(code: string): string | undefined {
  if (code.length === 0 || code.length % 2 !== 0) return undefined
  const bytes = new Uint8Array(code.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const high = NIBBLES.get(code[2 * i] ?? '')
    const low = NIBBLES.get(code[2 * i + 1] ?? '')
    if (high === undefined || low === undefined) return undefined
    bytes[i] = high * 16 + low
  }
  try {
    return UTF8.decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * Encodes an address as a `JvCare` code: the inverse of {@link decodeJvCare}.
 *
 * @example
 * encodeJvCare('/newsletter/') // '1F4943CCC24843CBCB43C11F'
 */
export function encodeJvCare(address: string): string {
  let code = ''
  for (const byte of new TextEncoder().encode(address)) code += `${ALPHABET[byte >> 4]}${ALPHABET[byte & 15]}`
  return code
}

/**
 * Decodes the address in a class list such as `JvCare 1F49… lien-jv`: the code is the second token.
 *
 * @returns undefined when the list has no such code.
 * @example
 * jvCareOf('JvCare 1F4943CCC24843CBCB43C11F lien-jv') // '/newsletter/'
 */
export function jvCareOf(classList: string | undefined): string | undefined {
  const [mark, code] = (classList ?? '').trim().split(/\s+/, 2)
  return mark === 'JvCare' && code !== undefined ? decodeJvCare(code) : undefined
}
