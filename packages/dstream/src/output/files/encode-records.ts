import { badEncoding } from '../../base/errors/sinks.js'

/** Records become text in pieces of about this many characters, and the event loop breathes between two of them. */
const PIECE_LENGTH = 64 * 1024

/**
 * Records as the bytes of a file: a string becomes a line, bytes are taken as they are. `breathe` is awaited now and
 * then.
 * @throws `bad-encoding`
 */
export async function encodeRecords<T>(
  records: readonly T[],
  encode: (record: T) => string | Uint8Array,
  breathe: () => Promise<unknown>,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let text = ''
  let sinceBreath = 0
  const flush = (): void => {
    if (text !== '') pieces.push(encoder.encode(text))
    text = ''
  }
  for (const record of records) {
    const encoded = encode(record)
    if (typeof encoded === 'string') text += `${encoded}\n`
    else if (encoded instanceof Uint8Array) {
      flush()
      // A copy: who encodes may use one buffer for all records.
      pieces.push(encoded.slice())
    } else throw badEncoding(encoded)
    sinceBreath += encoded.length + 1
    if (sinceBreath < PIECE_LENGTH) continue
    flush()
    sinceBreath = 0
    await breathe()
  }
  flush()
  return Buffer.concat(pieces)
}

const encoder = new TextEncoder()
