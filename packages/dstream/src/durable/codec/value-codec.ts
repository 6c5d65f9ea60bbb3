import { Packr } from 'msgpackr/pack'
import { fromPlain } from './from-plain.js'
import { toPlain } from './to-plain.js'

/**
 * One packer for all: it shares no structures between two calls, so what one call has written is decodable alone.
 * From `msgpackr/pack`, which leaves the native add-on alone: it cuts strings out of one long string, which then stays
 * alive as long as any of them.
 * msgpackr makes the records of objects faster and smaller by naming their shape once in each call.
 */
const packr = new Packr({ useRecords: true })

/** First byte: whether the value holds tags, so that reading plain data costs no second walk. */
const UNTAGGED = 0
const TAGGED = 1

/**
 * A value as bytes that are decodable alone.
 *
 * @param levels the levels that the caller has put around the user's values: see `toPlain`
 * @throws `Unstorable` for a function, a symbol, an instance of a class, a cycle, and for properties that would be lost
 */
export function encodeValue(value: unknown, levels = 0): Uint8Array {
  const form = toPlain(value, levels)
  return encodePlain(form.plain, form.tagged)
}

/** For callers that have made parts of the value plain on their own. */
export function encodePlain(plain: unknown, hasTags: boolean): Uint8Array {
  const packed = packr.pack(plain)
  const bytes = new Uint8Array(packed.length + 1)
  bytes[0] = hasTags ? TAGGED : UNTAGGED
  bytes.set(packed, 1)
  return bytes
}

/**
 * Equal to what was encoded.
 * @throws when the bytes are no encoded value; never allocates more than a small multiple of their length
 */
export function decodeValue(bytes: Uint8Array): unknown {
  const flag = bytes[0]
  if (flag !== UNTAGGED && flag !== TAGGED) throw new TypeError('a stored value is damaged: unknown first byte')
  const plain: unknown = packr.unpack(bytes.subarray(1))
  return flag === TAGGED ? fromPlain(plain) : plain
}
