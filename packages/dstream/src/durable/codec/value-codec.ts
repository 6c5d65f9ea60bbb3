import { Packr } from 'msgpackr/pack'
import { fromPlain } from './from-plain.js'
import { toPlain } from './to-plain.js'

/**
 * The packer of all values. It shares no structures between two calls, so that the result of each call can be decoded
 * alone. Within a call it names the shape of equal objects once, which makes them faster and smaller. The import is
 * `msgpackr/pack`, which does not load the native add-on: that one cuts strings out of one long string, which stays
 * alive as long as any of them.
 */
const packr = new Packr({ useRecords: true })

/** The first byte says whether the value holds tags, so that plain data is read without a second walk. */
const UNTAGGED = 0
const TAGGED = 1

/**
 * Returns a value as bytes that can be decoded alone.
 *
 * @param levels the levels that the caller has put around the user's values: see `toPlain`
 * @throws `Unstorable` for a function, a symbol, an instance of a class, a cycle, and for properties that would be lost
 */
export function encodeValue(value: unknown, levels = 0): Uint8Array {
  const form = toPlain(value, levels)
  return encodePlain(form.plain, form.tagged)
}

/** Encodes a value whose parts the caller has made plain already. */
export function encodePlain(plain: unknown, hasTags: boolean): Uint8Array {
  const packed = packr.pack(plain)
  const bytes = new Uint8Array(packed.length + 1)
  bytes[0] = hasTags ? TAGGED : UNTAGGED
  bytes.set(packed, 1)
  return bytes
}

/**
 * Returns a value equal to the encoded one.
 * @throws when the bytes are no encoded value; never allocates more than a small multiple of their length
 */
export function decodeValue(bytes: Uint8Array): unknown {
  const flag = bytes[0]
  if (flag !== UNTAGGED && flag !== TAGGED) throw new TypeError('a stored value is damaged: unknown first byte')
  const plain: unknown = packr.unpack(bytes.subarray(1))
  return flag === TAGGED ? fromPlain(plain) : plain
}
