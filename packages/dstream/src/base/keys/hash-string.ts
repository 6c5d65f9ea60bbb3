/**
 * Hashes a string to a whole number from 0 to 2³¹ − 1 that is the same in every process: FNV-1a over the UTF-16 code units,
 * mixed so that every bit affects a small modulus.
 */
export function hashString(text: string): number {
  let hash = 0x811c9dc5 | 0
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mix(hash)
}

/** Mixes the bits of a hash by the finaliser of MurmurHash3, and clears the sign bit. */
export function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) & 0x7fffffff
}
