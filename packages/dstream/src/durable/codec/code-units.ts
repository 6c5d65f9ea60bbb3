/** Returns whether msgpackr reads a text back as it was. */
export function plainText(text: string): boolean {
  return (text as unknown as WellFormed).isWellFormed() && text.charCodeAt(0) !== 0xfeff
}

/** ES2024, in V8 since Node 20; free of charge for strings of Latin-1. */
interface WellFormed {
  isWellFormed(): boolean
}

export function codeUnits(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes[i * 2] = unit & 0xff
    bytes[i * 2 + 1] = unit >> 8
  }
  return bytes
}
