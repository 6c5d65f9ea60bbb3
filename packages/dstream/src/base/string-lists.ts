/**
 * Encodes lists of strings for another thread or process of the same Node, as they lie in memory. Long strings are copied, where an
 * encoding for any reader has to look at each of their characters.
 */
export interface StringLists {
  /** The first byte of each encoded list. */
  readonly firstByte: number
  encode(strings: readonly string[]): Uint8Array
  decode(bytes: Uint8Array): string[]
}
