import { isUint8Array } from 'node:util/types'
import { badEncoding } from '../../base/errors/sinks.js'

/** Records are encoded in pieces of about this many characters; the event loop runs between two pieces. */
const PIECE_LENGTH = 64 * 1024

/**
 * Encodes records as the bytes of a file: a string becomes a line, bytes are written unchanged. `yieldNow` is awaited after
 * each piece.
 * @throws `bad-encoding`
 */
export async function encodeRecords<T>(
  records: readonly T[],
  encode: (record: T) => string | Uint8Array,
  yieldNow: () => Promise<unknown>,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let text = ''
  let pieceLength = 0
  const flush = (): void => {
    if (text !== '') pieces.push(encoder.encode(text))
    text = ''
  }
  for (const record of records) {
    const encoded = encode(record)
    if (typeof encoded === 'string') text += `${encoded}\n`
    else if (isUint8Array(encoded)) {
      flush()
      // Copied, because an encode function may use one buffer for all records.
      pieces.push(encoded.slice())
    } else throw badEncoding(encoded)
    pieceLength += encoded.length + 1
    if (pieceLength < PIECE_LENGTH) continue
    flush()
    pieceLength = 0
    await yieldNow()
  }
  flush()
  return Buffer.concat(pieces)
}

const encoder = new TextEncoder()
