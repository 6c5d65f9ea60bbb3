import { DamagedError, newerFormat } from '../../base/errors/storage.js'
import { crc32 } from './crc32.js'

/**
 * The version of all stored formats, which `docs/checkpoint-format.md` describes. Readers refuse a newer version and read an
 * older one.
 */
export const FORMAT = 3

/** The kind of a file: `j` journal, `c` commits, `s` part of a snapshot, `o` saved objects. */
export type FileKind = 'j' | 'c' | 's' | 'o'

export interface Frame {
  readonly payload: Uint8Array
  readonly offset: number
  readonly sequence: number
}

export interface FileFrames {
  /** The sequence number of the first frame. */
  readonly first: number
  readonly frames: readonly Frame[]
  /** The offset at which the last good frame ends. */
  readonly end: number
  /** The number of bytes after `end`, which a crash has left. */
  readonly torn: number
}

const MAGIC = 'dstream'
export const PREAMBLE_BYTES = 24
/** The bytes of a preamble before its own checksum. */
const SUMMED_BYTES = 20
export const FRAME_HEADER_BYTES = 20

/**
 * Returns the head of a file: `dstream`, kind, format (u32), sequence number of the first frame (f64), and a CRC of
 * them all. Its layout is the same in every format, so that readers tell a newer file from a damaged one.
 */
export function preamble(kind: FileKind, first: number): Uint8Array {
  const bytes = new Uint8Array(PREAMBLE_BYTES)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i)
  bytes[7] = kind.charCodeAt(0)
  view.setUint32(8, FORMAT, true)
  view.setFloat64(12, first, true)
  view.setUint32(SUMMED_BYTES, crc32(bytes.subarray(0, SUMMED_BYTES)), true)
  return bytes
}

/**
 * Returns the seed of all checksums of a file, so that a frame of another file is never accepted. Up to format 2 the sum went
 * over the preamble with its own checksum, which is the same number for every preamble.
 */
function seedOf(head: Uint8Array): number {
  const format = new DataView(head.buffer, head.byteOffset).getUint32(8, true)
  return crc32(head.subarray(0, format <= 2 ? PREAMBLE_BYTES : SUMMED_BYTES))
}

/** The parts of one payload. They are written one after the other, so that callers need not join them. */
export type FramePayload = readonly Uint8Array[]

/**
 * Encodes the frames of one append. Each begins with a header: length of the payload, sequence number, bytes since the
 * last offset that was known to be durable, CRC of the payload, CRC of the header.
 */
export function encodeFrames(
  kind: FileKind,
  first: number,
  sequence: number,
  payloads: readonly FramePayload[],
): Uint8Array {
  const seed = seedOf(preamble(kind, first))
  const lengths = payloads.map((parts) => parts.reduce((sum, part) => sum + part.length, 0))
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length + FRAME_HEADER_BYTES, 0))
  const view = new DataView(bytes.buffer)
  let offset = 0
  payloads.forEach((parts, i) => {
    let at = offset + FRAME_HEADER_BYTES
    let crc = seed
    for (const part of parts) {
      bytes.set(part, at)
      crc = crc32(part, crc)
      at += part.length
    }
    view.setUint32(offset, lengths[i]!, true)
    view.setUint32(offset + 4, (sequence + i) >>> 0, true)
    view.setUint32(offset + 8, offset, true)
    view.setUint32(offset + 12, crc, true)
    view.setUint32(offset + 16, crc32(bytes.subarray(offset, offset + 16), seed), true)
    offset = at
  })
  return bytes
}

/** Encodes a whole file, for files that are put and never appended to. */
export function encodeFile(kind: FileKind, first: number, payloads: readonly FramePayload[]): Uint8Array {
  const frames = encodeFrames(kind, first, first, payloads)
  const bytes = new Uint8Array(PREAMBLE_BYTES + frames.length)
  bytes.set(preamble(kind, first))
  bytes.set(frames, PREAMBLE_BYTES)
  return bytes
}

/**
 * Reads the frames of a file up to the sequence number `until`, at which the next file of the log begins. The bytes
 * behind them are the rest of a failed append, after which the log continued in a new file. In the newest file of a log
 * (`tail`), the bytes behind the last good frame may be the rest of an append that a crash has cut, and are reported as
 * torn. They are damage if a later frame says that the disk had already confirmed that offset, since a crash could not
 * have lost anything there.
 * @throws `checkpoint-damaged` with file and offset, `checkpoint-newer-format`
 */
export function readFrames(
  file: string,
  kind: FileKind,
  bytes: Uint8Array,
  options: { tail: boolean; until?: number | undefined },
): FileFrames {
  const first = readPreamble(file, kind, bytes)
  const reader = new FrameReader(bytes, seedOf(bytes))
  const frames: Frame[] = []
  let offset = PREAMBLE_BYTES
  const { until = Infinity } = options
  while (offset < bytes.length && first + frames.length < until) {
    const sequence = first + frames.length
    const payload = reader.payloadAt(offset, sequence)
    if (payload === undefined) {
      if (!options.tail) throw new DamagedError(file, offset, 'there is no good frame here')
      if (reader.confirmedAfter(offset, sequence)) {
        throw new DamagedError(file, offset, 'there is no good frame here, and good ones follow')
      }
      break
    }
    frames.push({ payload, offset, sequence })
    offset += FRAME_HEADER_BYTES + payload.length
  }
  return { first, frames, end: offset, torn: bytes.length - offset }
}

function readPreamble(file: string, kind: FileKind, bytes: Uint8Array): number {
  if (bytes.length < PREAMBLE_BYTES)
    throw new DamagedError(file, 0, `it ends after ${bytes.length} bytes, before its head does`)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  for (let i = 0; i < MAGIC.length; i++) {
    if (bytes[i] !== MAGIC.charCodeAt(i)) throw new DamagedError(file, i, 'it does not begin like a file of dstream')
  }
  if (view.getUint32(SUMMED_BYTES, true) !== crc32(bytes.subarray(0, SUMMED_BYTES)))
    throw new DamagedError(file, 0, 'the checksum of its head is wrong')
  const found = view.getUint32(8, true)
  if (found > FORMAT) throw newerFormat(file, found, FORMAT)
  if (bytes[7] !== kind.charCodeAt(0)) {
    throw new DamagedError(file, 7, `it is of kind "${String.fromCharCode(bytes[7]!)}" where "${kind}" belongs`)
  }
  return view.getFloat64(12, true)
}

class FrameReader {
  readonly #view: DataView

  constructor(
    readonly bytes: Uint8Array,
    readonly seed: number,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  payloadAt(offset: number, sequence: number): Uint8Array | undefined {
    if (!this.#headerAt(offset) || this.#view.getUint32(offset + 4, true) !== sequence >>> 0) return undefined
    const begin = offset + FRAME_HEADER_BYTES
    const end = begin + this.#view.getUint32(offset, true)
    if (end > this.bytes.length) return undefined
    const payload = this.bytes.subarray(begin, end)
    return crc32(payload, this.seed) === this.#view.getUint32(offset + 12, true) ? payload : undefined
  }

  /** Returns whether any frame behind `offset` was written after that offset had become durable. */
  confirmedAfter(offset: number, sequence: number): boolean {
    for (let at = offset + 1; at + FRAME_HEADER_BYTES <= this.bytes.length; at++) {
      // The cheap tests come first, since the loop visits every byte of a tail that may be long.
      const ahead = (this.#view.getUint32(at + 4, true) - sequence) >>> 0
      if (ahead === 0 || ahead > this.bytes.length) continue
      const unconfirmed = this.#view.getUint32(at + 8, true)
      if (at - unconfirmed > offset && this.#headerAt(at)) return true
    }
    return false
  }

  #headerAt(offset: number): boolean {
    if (offset + FRAME_HEADER_BYTES > this.bytes.length) return false
    return crc32(this.bytes.subarray(offset, offset + 16), this.seed) === this.#view.getUint32(offset + 16, true)
  }
}
