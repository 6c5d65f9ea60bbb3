import { lengthOf } from './wire.js'

/** The property that stands in the text of a frame for bytes behind it: where they begin there, and how many they are. */
const BYTES = '$bytes'

/**
 * Returns a frame of plain data and bytes as bytes: the length of a text of JSON, the text, then all bytes as they are. Plain data
 * in frames is what JSON can hold.
 */
export function packFrame(frame: unknown): Uint8Array {
  const parts: Uint8Array[] = []
  let size = 0
  // JSON itself would ask a Buffer for a list of numbers, before it asks what to write in its place.
  const plain = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(plain)
    if (!(value instanceof Uint8Array)) {
      return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]))
    }
    parts.push(value)
    size += value.length
    return { [BYTES]: [size - value.length, value.length] }
  }
  const head = Buffer.from(JSON.stringify(plain(frame)))
  return Buffer.concat([lengthOf(head.length), head, ...parts])
}

/** Returns a packed frame. Its bytes are views of the given ones. */
export function unpackFrame(packed: Buffer): unknown {
  const from = 4 + packed.readUInt32BE()
  return JSON.parse(packed.toString('utf8', 4, from), (_, value: unknown) => {
    const place = (value as { readonly [BYTES]?: readonly [number, number] } | null)?.[BYTES]
    return place === undefined ? value : packed.subarray(from + place[0], from + place[0] + place[1])
  })
}
