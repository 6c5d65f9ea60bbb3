/** Concatenates byte arrays; a single one is returned as it is, not copied. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!
  const length = pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
  // Every byte is written below, so the buffer need not be zeroed first: that would cost as much as the copy.
  const whole = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.byteLength
  }
  return whole
}

/** Returns bytes as the UTF-8 text that they are, or as they are. */
export function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return bytes
  }
}
