import { PassThrough, Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as zlib from 'node:zlib'
import { fileNotDecompressed, noZstandard } from '../base/errors/receive.js'

/** Newer versions of Node have Zstandard. */
const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform }

/**
 * Returns the bytes of a file without its compression, which the end of its name tells as in Hadoop: `.gz` or `.zst`. All
 * other files are passed on as they are.
 *
 * @throws `file-not-decompressed` for bytes that are not of that format or end too early, `no-zstandard` where Node has none
 */
export async function* decompressed(path: string, read: () => AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (path.endsWith('.gz')) yield* through(zlib.createGunzip(), 'gzip', path, read())
  else if (!path.endsWith('.zst')) yield* read()
  else if (createZstdDecompress === undefined) throw noZstandard(path, process.version)
  else yield* through(createZstdDecompress(), 'Zstandard', path, read())
}

async function* through(
  decompress: Transform,
  format: string,
  path: string,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const out = new PassThrough()
  const reading = new AbortController()
  const done = pipeline(Readable.from(bytes), decompress, out, { signal: reading.signal })
  // The error is thrown where `out` is read; a reader that stops early is none.
  done.catch(() => undefined)
  try {
    yield* out as AsyncIterable<Uint8Array>
    await done
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    throw /^(Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB)/.test(code) ? fileNotDecompressed(path, format, error) : error
  } finally {
    reading.abort()
  }
}
