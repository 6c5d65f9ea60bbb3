import { DamagedError, newerFormat } from '../../base/errors/storage.js'
import { crc32 } from './crc32.js'

/**
 * The version of everything that is written. A reader refuses what is newer, and reads what is older;
 * `docs/checkpoint-format.md` describes each version.
 */
export const FORMAT = 2

/** What a file is: `j` journal, `c` commits, `s` part of a snapshot, `m` manifest of a snapshot, `o` saved objects. */
export type FileKind = 'j' | 'c' | 's' | 'm' | 'o'

export interface Frame {
  readonly payload: Uint8Array
  readonly offset: number
  readonly sequence: number
}

export interface FileFrames {
  /** Sequence number of the first frame. */
  readonly first: number
  readonly frames: readonly Frame[]
  /** Where the last good frame ends. */
  readonly end: number
  /** Bytes after `end` that a crash has left behind. */
  readonly torn: number
}

const MAGIC = 'dstream'
export const PREAMBLE_BYTES = 24
export const FRAME_HEADER_BYTES = 20

/**
 * The head of a file: `dstream`, kind, format (u32), sequence number of the first frame (f64), CRC of all that. Its
 * layout is the same in every format, so that a newer one is told from a damaged one.
 */
export function preamble(kind: FileKind, first: number): Uint8Array {
  const bytes = new Uint8Array(PREAMBLE_BYTES)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i)
  bytes[7] = kind.charCodeAt(0)
  view.setUint32(8, FORMAT, true)
  view.setFloat64(12, first, true)
  view.setUint32(20, crc32(bytes.subarray(0, 20)), true)
  return bytes
}

/** Returns the start of the checksums of all frames of a file, so that a frame of another file is never taken for its own. */
function seedOf(head: Uint8Array): number {
  return crc32(head.subarray(0, PREAMBLE_BYTES))
}

/** The parts of one payload are written one after the other; nobody has to join them first. */
export type FramePayload = readonly Uint8Array[]

/**
 * Frames that are written by one append, one behind the other. Each begins with a header: length of the payload,
 * sequence number, bytes since the last offset that was known to be durable, CRC of the payload, CRC of the header.
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

/** A whole file in one go, for files that are put and never appended to. */
export function encodeFile(kind: FileKind, first: number, payloads: readonly FramePayload[]): Uint8Array {
  const frames = encodeFrames(kind, first, first, payloads)
  const bytes = new Uint8Array(PREAMBLE_BYTES + frames.length)
  bytes.set(preamble(kind, first))
  bytes.set(frames, PREAMBLE_BYTES)
  return bytes
}

/**
 * Reads the frames of a file, up to the one of sequence number `until`, where the next file of the log begins: what follows
 * is the rest of an append that failed, after which the log went on in a new file. In the newest file of a log (`tail`) what follows the last good frame may be the remains of
 * an append that a crash has cut: it is reported as torn. It is damage when any later frame says that the disk had
 * already confirmed that place, for then nothing there could have been lost by a crash.
 * @throws `checkpoint-damaged` with file and offset, `checkpoint-newer-format`
 */
export function readFrames(
  file: string,
  kind: FileKind,
  bytes: Uint8Array,
  options: { tail: boolean; until?: number | undefined },
): FileFrames {
  const first = readPreamble(file, kind, bytes)
  const reader = new Reader(bytes, seedOf(bytes))
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
  if (view.getUint32(20, true) !== crc32(bytes.subarray(0, 20)))
    throw new DamagedError(file, 0, 'the checksum of its head is wrong')
  const found = view.getUint32(8, true)
  if (found > FORMAT) throw newerFormat(file, found, FORMAT)
  if (bytes[7] !== kind.charCodeAt(0)) {
    throw new DamagedError(file, 7, `it is of kind "${String.fromCharCode(bytes[7]!)}" where "${kind}" belongs`)
  }
  return view.getFloat64(12, true)
}

class Reader {
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

  /** Whether a frame behind `offset` was written when `offset` was durable already. */
  confirmedAfter(offset: number, sequence: number): boolean {
    for (let at = offset + 1; at + FRAME_HEADER_BYTES <= this.bytes.length; at++) {
      // Cheap tests first: this looks at every byte of what may be a long tail.
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
