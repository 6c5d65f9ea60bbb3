import type { Transform } from 'node:stream'
import { fileNotDecompressed, noZstandard } from '../../base/errors/receive.js'

/**
 * Returns the decompressed bytes of a file. The ending of its name tells the format, as in Hadoop: `.gz` or `.zst`.
 * Other files are passed on unchanged.
 *
 * @throws `file-not-decompressed` for bytes in another format or with an early end, `no-zstandard` where Node has none
 */
export async function* decompressed(path: string, read: () => AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (!/\.(gz|zst)$/.test(path)) {
    yield* read()
    return
  }
  // Most jobs read no compressed files, and should not wait for these modules when they import the library.
  const zlib = await import('node:zlib')
  /** Only newer versions of Node have Zstandard. */
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform }
  if (path.endsWith('.gz')) yield* through(zlib.createGunzip(), 'gzip', path, read())
  else if (createZstdDecompress === undefined) throw noZstandard(path, process.version)
  else yield* through(createZstdDecompress(), 'Zstandard', path, read())
}

async function* through(
  decompress: Transform,
  format: string,
  path: string,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const [{ PassThrough, Readable }, { pipeline }] = await Promise.all([
    import('node:stream'),
    import('node:stream/promises'),
  ])
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
