import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'

/** An answer that ends a request, with the reason for its sender. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
  }
}

const DECOMPRESSORS: Readonly<
  Record<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip) as never,
  deflate: promisify(inflate) as never,
  br: promisify(brotliDecompress) as never,
}

/**
 * Reads the body of a request, and decompresses it. Both forms have the same bound: a few bytes may decompress to gigabytes.
 *
 * @throws Refusal with 413 for a body that is too large, 415 for an unknown encoding, 400 for one that does not decompress
 */
export async function bodyOf(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  const decompress = DECOMPRESSORS[encoding]
  if (decompress === undefined && encoding !== 'identity') {
    throw new Refusal(415, `The content encoding ${encoding} is unknown; send gzip, deflate, br or none.`)
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    pieces.push(piece)
  }
  const body = Buffer.concat(pieces)
  if (decompress === undefined) return body
  try {
    return await decompress(body, { maxOutputLength: maxBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
    throw new Refusal(400, `The body is no ${encoding}: ${(error as Error).message}.`)
  }
}

function tooLarge(maxBytes: number): Refusal {
  // The rest of the body is not read, so that the connection cannot be used again.
  return new Refusal(413, `The body is larger than ${maxBytes} bytes.`, { connection: 'close' })
}
