import { Unpackr } from 'msgpackr/unpack'
import { unusedByte } from '../../base/errors/receive.js'

const unpackr = new Unpackr({ useRecords: false })
const UNUSED_BYTE = 0xc1
/** The value that the unpacker gives for the byte that MessagePack does not use. */
const UNUSED: unknown = unpackr.unpack(Uint8Array.of(UNUSED_BYTE))

/**
 * Decodes records that are MessagePack values, one after the other, as a program in any language can send them. Bytes
 * that hold anything else are left out as a whole.
 */
export const msgpackCodec = {
  id: 'dstream-msgpack',
  decode(bytes: Uint8Array, bad: (record: Uint8Array, error: unknown) => void): readonly unknown[] {
    if (bytes.length === 0) return []
    const records: unknown[] = []
    try {
      unpackr.unpackMultiple(bytes, (record: unknown) => void records.push(record))
      if (bytes.includes(UNUSED_BYTE) && holds(records, UNUSED)) throw unusedByte()
      return records
    } catch (error) {
      bad(bytes, error)
      return []
    }
  },
}

/** Returns whether a value or one of its parts is `wanted`. */
function holds(value: unknown, wanted: unknown): boolean {
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const part = pending.pop()
    if (part === wanted) return true
    if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) continue
    if (part instanceof Map) for (const [key, item] of part) pending.push(key, item)
    else for (const item of part instanceof Set ? part : Object.values(part)) pending.push(item)
  }
  return false
}
