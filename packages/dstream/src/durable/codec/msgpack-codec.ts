import { Unpackr } from 'msgpackr/unpack'

const unpackr = new Unpackr({ useRecords: false })

/**
 * Records as MessagePack values, one after the other: what any other program, in any language, can send. Bytes that are
 * no such values are left out as a whole.
 */
export const msgpackCodec = {
  id: 'dstream-msgpack',
  decode(bytes: Uint8Array, bad: (record: Uint8Array, error: unknown) => void): readonly unknown[] {
    if (bytes.length === 0) return []
    const records: unknown[] = []
    try {
      unpackr.unpackMultiple(bytes, (record: unknown) => void records.push(record))
      return records
    } catch (error) {
      bad(bytes, error)
      return []
    }
  },
}
