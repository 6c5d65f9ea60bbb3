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
  // The value itself is asked for: what JSON hands over of a Buffer is a list of numbers.
  const text = JSON.stringify(frame, function (this: Readonly<Record<string, unknown>>, name, value: unknown) {
    const given = this[name]
    if (!(given instanceof Uint8Array)) return value
    parts.push(given)
    size += given.length
    return { [BYTES]: [size - given.length, given.length] }
  })
  const head = Buffer.from(text)
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
