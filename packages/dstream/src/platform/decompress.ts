import { PassThrough, Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as zlib from 'node:zlib'
import { fileNotDecompressed, noZstandard } from '../base/errors/receive.js'

/** Zstandard, which only newer versions of Node have. */
const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform }

/**
 * Returns the decompressed bytes of a file. The ending of its name tells the format, as in Hadoop: `.gz` or `.zst`.
 * Other files are passed on unchanged.
 *
 * @throws `file-not-decompressed` for bytes in another format or with an early end, `no-zstandard` where Node has none
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
  // Reading `out` throws the error; without a reader it must not be an unhandled rejection.
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
