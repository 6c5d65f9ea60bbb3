// Finds the ends of JSON values in UTF-8 bytes. A result of -1 means that the bytes are not JSON, or nested too deeply to be
// walked here: JSON.parse then decides, and words the error.

export const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** The deepest nesting that is walked by recursion. */
const MAX_DEPTH = 200

/** The characters that may follow a backslash, `u` excepted. */
const ESCAPES = new Set([...'"\\/bfnrt'].map((character) => character.charCodeAt(0)))

/** Returns the offset of the first byte that is no white space. */
export function skipSpace(bytes: DataView, from: number, end: number): number {
  let at = from
  while (at < end) {
    const byte = bytes.getUint8(at)
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) return at
    at++
  }
  return at
}

/**
 * Returns the offset of the first quote, backslash or control character, `end` where there is none. Eight bytes are tested at
 * once, which takes a third of the time of a test for each byte.
 */
function plainUntil(bytes: DataView, from: number, end: number): number {
  let at = from
  for (; at <= end - 8; at += 8) {
    const first = foundIn(bytes.getInt32(at, true))
    const second = foundIn(bytes.getInt32(at + 4, true))
    if (first !== 0) return at + firstByte(first)
    if (second !== 0) return at + 4 + firstByte(second)
  }
  for (; at < end; at++) {
    const byte = bytes.getUint8(at)
    if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) return at
  }
  return end
}

/**
 * Sets the highest bit of the first byte of four that is a quote, a backslash or a control character; bits above it mean nothing.
 * An exclusive or with 2 makes a quote less than 0x21 as control characters are, and a space more; one with 0x5c makes a backslash
 * zero. Subtracting sets the highest bit of a byte that was smaller.
 */
function foundIn(four: number): number {
  const low = four ^ 0x02020202
  const backslashes = four ^ 0x5c5c5c5c
  return (((low - 0x21212121) & ~low) | ((backslashes - 0x01010101) & ~backslashes)) & 0x80808080
}

/** Returns the index of the byte with the lowest bit that is set. */
function firstByte(bits: number): number {
  return (31 - Math.clz32(bits & -bits)) >> 3
}

/** Returns the offset of the closing quote of a string without escapes, -1 for any other; `from` is behind the opening one. */
export function plainStringEnd(bytes: DataView, from: number, end: number): number {
  const at = plainUntil(bytes, from, end)
  return at < end && bytes.getUint8(at) === QUOTE ? at : -1
}

/** Returns the offset behind a string; `from` is behind its opening quote. */
function skipString(bytes: DataView, from: number, end: number): number {
  for (let at = plainUntil(bytes, from, end); at < end; at = plainUntil(bytes, at, end)) {
    const byte = bytes.getUint8(at)
    if (byte === QUOTE) return at + 1
    at = byte === BACKSLASH ? skipEscape(bytes, at + 1, end) : -1
    if (at === -1) return -1
  }
  return -1
}

/** Returns the offset behind an escape; `from` is behind its backslash. */
function skipEscape(bytes: DataView, from: number, end: number): number {
  if (from >= end) return -1
  if (ESCAPES.has(bytes.getUint8(from))) return from + 1
  if (bytes.getUint8(from) !== 0x75 || from + 5 > end) return -1
  for (let at = from + 1; at < from + 5; at++) if (!isHex(bytes.getUint8(at))) return -1
  return from + 5
}

function isHex(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE
}

/** Returns the offset behind the digits at `from`, of which there must be one. */
function skipDigits(bytes: DataView, from: number, end: number): number {
  let at = from
  while (at < end && isDigit(bytes.getUint8(at))) at++
  return at === from ? -1 : at
}

function skipNumber(bytes: DataView, from: number, end: number): number {
  let at = bytes.getUint8(from) === MINUS ? from + 1 : from
  at = at < end && bytes.getUint8(at) === ZERO ? at + 1 : skipDigits(bytes, at, end)
  if (at !== -1 && at < end && bytes.getUint8(at) === POINT) at = skipDigits(bytes, at + 1, end)
  if (at !== -1 && at < end && (bytes.getUint8(at) | 0x20) === 0x65) {
    at++
    if (at < end && (bytes.getUint8(at) === 0x2b || bytes.getUint8(at) === MINUS)) at++
    at = skipDigits(bytes, at, end)
  }
  return at
}

/** Returns the offset behind a word that is known by its first byte. */
function skipWord(bytes: DataView, from: number, end: number): number {
  const word = bytes.getUint8(from) === 0x74 ? 'true' : bytes.getUint8(from) === 0x66 ? 'false' : 'null'
  if (from + word.length > end) return -1
  for (let i = 0; i < word.length; i++) if (bytes.getUint8(from + i) !== word.charCodeAt(i)) return -1
  return from + word.length
}

/** Returns the offset behind a colon and the space around it. */
export function skipColon(bytes: DataView, from: number, end: number): number {
  const at = skipSpace(bytes, from, end)
  return at < end && bytes.getUint8(at) === COLON ? skipSpace(bytes, at + 1, end) : -1
}

/** Returns whether the bytes of `text` stand at an offset. */
export function isAt(bytes: DataView, at: number, end: number, text: DataView): boolean {
  const length = text.byteLength
  if (length > end - at) return false
  let i = 0
  for (; i <= length - 4; i += 4) if (bytes.getInt32(at + i) !== text.getInt32(i)) return false
  for (; i < length; i++) if (bytes.getUint8(at + i) !== text.getUint8(i)) return false
  return true
}

/** Returns the offset of the first member of an object; where it has none, the result is `-2 - offset behind it`, and -1 where none begins. */
export function firstItem(bytes: DataView, from: number, end: number): number {
  if (bytes.getUint8(from) !== OPEN_BRACE) return -1
  const at = skipSpace(bytes, from + 1, end)
  return at < end && bytes.getUint8(at) === CLOSE_BRACE ? -2 - (at + 1) : at
}

/**
 * Returns the offset of the next member or element. Where `close` ends the container, the result is `-2 - offset behind it`;
 * where neither follows, it is -1.
 */
export function nextItem(bytes: DataView, from: number, end: number, close: number): number {
  const at = skipSpace(bytes, from, end)
  if (at >= end) return -1
  if (bytes.getUint8(at) === COMMA) return skipSpace(bytes, at + 1, end)
  return bytes.getUint8(at) === close ? -2 - (at + 1) : -1
}

/** Returns the offset behind the value at `from`. */
export function skipValue(bytes: DataView, from: number, end: number, depth = 0): number {
  if (from >= end || depth > MAX_DEPTH) return -1
  const byte = bytes.getUint8(from)
  if (byte === QUOTE) return skipString(bytes, from + 1, end)
  if (byte === MINUS || isDigit(byte)) return skipNumber(bytes, from, end)
  if (byte === OPEN_BRACE) return skipContainer(bytes, from, end, CLOSE_BRACE, depth)
  if (byte === OPEN_BRACKET) return skipContainer(bytes, from, end, CLOSE_BRACKET, depth)
  return skipWord(bytes, from, end)
}

function skipContainer(bytes: DataView, from: number, end: number, close: number, depth: number): number {
  let at = skipSpace(bytes, from + 1, end)
  if (at < end && bytes.getUint8(at) === close) return at + 1
  for (;;) {
    if (close === CLOSE_BRACE) {
      if (at >= end || bytes.getUint8(at) !== QUOTE) return -1
      const behind = skipString(bytes, at + 1, end)
      if (behind === -1) return -1
      at = skipColon(bytes, behind, end)
      if (at === -1) return -1
    }
    at = skipValue(bytes, at, end, depth + 1)
    if (at === -1) return -1
    at = nextItem(bytes, at, end, close)
    if (at < 0) return at === -1 ? -1 : -2 - at
  }
}
