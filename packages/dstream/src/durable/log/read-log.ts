import { DamagedError } from '../../base/errors/storage.js'
import type { Storage } from '../../base/ports.js'
import { type FileKind, type Frame, PREAMBLE_BYTES, readFrames } from './frame.js'

/** A file of a log, as it was read. */
export interface LogSegment {
  readonly file: string
  /** The sequence number of its head, which is the first of its frames. */
  readonly first: number
  /** The first frame, which describes the log as of the beginning of the file. */
  readonly head: Frame
  readonly frames: readonly Frame[]
  /** The sequence number of the first frame of the next file. */
  readonly next: number
  /** The offset at which the last good frame ends. */
  readonly end: number
  /** The number of bytes behind that offset, which a crash has left. */
  readonly torn: number
}

/** Returns the name of the file that begins with a frame. */
export function nameOf(folder: string, first: number): string {
  return `${folder}/${String(first).padStart(16, '0')}.log`
}

/** Returns the files of a log, oldest first. Files with any other name are ignored. */
export async function listLog(storage: Storage, folder: string): Promise<string[]> {
  const files = await storage.list(`${folder}/`)
  return files.filter((file) => /^\d{16}\.log$/.test(file.slice(folder.length + 1)))
}

/** Returns the sequence number of the first frame of the next file; `undefined` for the newest file. */
export function endOfFile(files: readonly string[], i: number): number | undefined {
  const next = files[i + 1]
  return next === undefined ? undefined : Number(/(\d{16})\.log$/.exec(next)![1])
}

/**
 * Reads all files of a log, in order. Accepts only the remains of a crash or of a failed append: a torn tail in the
 * newest file, and in any other file a tail behind the frames from which the next file continues.
 *
 * @throws `checkpoint-damaged`, `checkpoint-newer-format`
 */
export async function readLog(storage: Storage, folder: string, kind: FileKind): Promise<readonly LogSegment[]> {
  const files = await listLog(storage, folder)
  const segments: LogSegment[] = []
  for (const [i, file] of files.entries()) {
    const bytes = await storage.read(file)
    if (bytes === undefined) throw new DamagedError(file, 0, 'it has gone while it was to be read')
    const segment = readSegment(file, kind, bytes, endOfFile(files, i))
    const before = segments.at(-1)
    if (before !== undefined && before.next !== segment.first) {
      const missing = `what was written between it and ${file} is missing (frames ${before.next} to ${segment.first - 1})`
      throw new DamagedError(before.file, before.end, missing)
    }
    segments.push(segment)
  }
  return segments
}

/** @throws `checkpoint-damaged`, `checkpoint-newer-format` */
function readSegment(file: string, kind: FileKind, bytes: Uint8Array, until: number | undefined): LogSegment {
  const { first, frames, end, torn } = readFrames(file, kind, bytes, { tail: until === undefined, until })
  const [head, ...rest] = frames
  // A new file is put as a whole with its head, so that a crash cannot leave a file without one.
  if (head === undefined) throw new DamagedError(file, PREAMBLE_BYTES, 'it does not begin with a good frame')
  return { file, first, head, frames: rest, next: first + frames.length, end, torn }
}
