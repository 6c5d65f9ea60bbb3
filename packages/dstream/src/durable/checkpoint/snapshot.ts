import { decodeValue, encodeValue } from '../codec/value-codec.js'
import { DamagedError } from '../../base/errors/storage.js'
import {
  encodeFile,
  encodeFrames,
  preamble,
  PREAMBLE_BYTES,
  readFrames,
  type Frame,
  type FramePayload,
} from '../log/frame.js'
import type { Slice, Storage } from '../../base/ports.js'
import { crashPoint, type CrashHook } from '../../base/crash-points.js'
import type { SnapshotSource } from './checkpoint.js'
import {
  decodeFrame,
  encodeChanges,
  encodeRemembered,
  type CommitHead,
  type CommitRest,
  type StoredChange,
} from './commit-frames.js'
import { StoredState } from './stored-state.js'

const FOLDER = 'snapshots'
const beforePut = crashPoint('snapshot:before-put')
const partWasPut = crashPoint('snapshot:part-put')
const wasPut = crashPoint('snapshot:put')

/** What a snapshot says before the tables: as of which commit, and all that is small. */
interface SnapshotHead {
  readonly head: CommitHead
  /** Sequence number of the first commit frame that is not in it. */
  readonly next: number
  readonly time: number
  readonly rest: CommitRest
}

function sequenceOf(next: number): string {
  return String(next).padStart(16, '0')
}
/** The file that makes the parts beside it a snapshot: written last, it says what they must hold. */
function nameOf(next: number): string {
  return `${FOLDER}/${sequenceOf(next)}.snapshot`
}
function isMain(file: string): boolean {
  return file.endsWith('.snapshot')
}
/** In one folder with all others, because a storage deletes files only: folders would stay for ever. */
function partOf(next: number, part: number): string {
  return `${FOLDER}/${sequenceOf(next)}-${String(part).padStart(6, '0')}.part`
}

/** Also half-written ones. What has a name of another form is somebody else's, and let be. */
export async function listSnapshotFiles(storage: Storage): Promise<string[]> {
  const files = await storage.list(`${FOLDER}/`)
  return files.filter((file) => /^\d{16}(-\d{6,}\.part|\.snapshot)$/.test(file.slice(FOLDER.length + 1)))
}

/** So much of a snapshot is held in memory and written in one go: neither may stop the thread for long. */
const PART_BYTES = 1 << 20
const ENTRIES_PER_FRAME = 1000

interface PartMark {
  readonly frames: number
  readonly bytes: number
}

/** Frames on their way into files of bounded size. */
class PartWriter {
  readonly marks: PartMark[] = []
  #frames: Uint8Array[] = []
  #bytes = PREAMBLE_BYTES

  constructor(
    readonly storage: Storage,
    readonly next: number,
    readonly steps: CrashHook | undefined,
  ) {}

  async add(payload: FramePayload): Promise<void> {
    const part = this.marks.length
    const frame = encodeFrames('s', part, part + this.#frames.length, [payload])
    this.#frames.push(frame)
    this.#bytes += frame.length
    if (this.#bytes >= PART_BYTES) await this.close()
  }

  async close(): Promise<void> {
    if (this.#frames.length === 0) return
    const part = this.marks.length
    const file = new Uint8Array(this.#bytes)
    let at = 0
    for (const piece of [preamble('s', part), ...this.#frames]) {
      file.set(piece, at)
      at += piece.length
    }
    this.marks.push({ frames: this.#frames.length, bytes: file.length })
    this.#frames = []
    this.#bytes = PREAMBLE_BYTES
    await this.storage.put(partOf(this.next, part), file)
    await partWasPut(this.steps)
  }
}

/**
 * Writes a snapshot, in slices and in parts; the views stay what they were meanwhile. Until the last file is there it is
 * none. Resolves to its size in bytes.
 */
export async function writeSnapshot(
  storage: Storage,
  head: SnapshotHead,
  source: SnapshotSource,
  slice: Slice,
  steps: CrashHook | undefined,
): Promise<number> {
  const parts = new PartWriter(storage, head.next, steps)
  for (const { operator, table, entries } of source.tables) {
    let chunk: StoredChange[] = []
    let written = false
    const close = async (): Promise<void> => {
      // A table without keys leaves a frame too: it has begun, and is not to take its initial states again.
      if (chunk.length === 0 && written) return
      await parts.add([encodeChanges(operator, table, chunk)])
      written = true
      chunk = []
      await slice.pause()
    }
    for (const { key, value, touched, touchSequence } of entries()) {
      if (chunk.push([key, value, touched, touchSequence]) === ENTRIES_PER_FRAME) await close()
    }
    await close()
  }
  for (const { operator, time, partitions } of source.remembered) {
    await parts.add([encodeRemembered(operator, time, partitions)])
    await slice.pause()
  }
  await parts.close()
  await beforePut(steps)
  // The positions stand in lists of pairs in the rest of the head.
  const frames = [[encodeValue(head, 4)], [encodeValue(parts.marks)]]
  await storage.put(nameOf(head.next), encodeFile('s', head.next, frames))
  await wasPut(steps)
  return parts.marks.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Sequence numbers of the snapshots that are there, oldest first. */
export async function listSnapshots(storage: Storage): Promise<number[]> {
  const files = await listSnapshotFiles(storage)
  return files.flatMap((file) => (isMain(file) ? [Number(/\d+/.exec(file)![0])] : []))
}

/** Deletes all snapshots but those given, and parts that never became one. */
export async function keepSnapshots(storage: Storage, kept: readonly number[]): Promise<void> {
  const names = new Set(kept.map(sequenceOf))
  const files = (await listSnapshotFiles(storage)).filter((file) => !names.has(/\d+/.exec(file)![0]))
  // First the file without which the parts are nothing: what is half deleted must not look like a snapshot.
  for (const file of [...files.filter(isMain), ...files.filter((file) => !isMain(file))]) await storage.delete(file)
}

/**
 * Reads a snapshot.
 *
 * @param slice lets the event loop turn between two frames
 * @throws `checkpoint-damaged`, `checkpoint-newer-format`
 */
export async function readSnapshot(storage: Storage, next: number, slice?: Slice): Promise<StoredState> {
  const state = new StoredState()
  const { file, first, marks } = await mainFileOf(storage, next)
  const { head, time, rest } = understood(file, first.offset, () => decodeValue(first.payload) as SnapshotHead)
  understood(file, first.offset, () => state.head(head))
  for await (const { name, frames } of partsOf(storage, next, marks)) {
    for (const { payload, offset } of frames) {
      understood(name, offset, () => state.add(decodeFrame(payload)))
      await slice?.pause()
    }
  }
  understood(file, first.offset, () => state.done(time, { ...rest, unremembered: [] }))
  return state
}

/** Returns whether the files of a snapshot are there and whole. Nothing but its end is decoded. */
export async function isWhole(storage: Storage, next: number): Promise<boolean> {
  try {
    const { marks } = await mainFileOf(storage, next)
    for await (const part of partsOf(storage, next, marks)) void part
    return true
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error
    return false
  }
}

async function mainFileOf(storage: Storage, next: number) {
  const file = nameOf(next)
  const [first, last] = await framesOf(storage, file, next)
  if (first === undefined || last === undefined) throw new DamagedError(file, PREAMBLE_BYTES, 'its end is missing')
  const marks = understood(file, last.offset, () => decodeValue(last.payload) as PartMark[])
  return { file, first, marks }
}

async function* partsOf(
  storage: Storage,
  next: number,
  marks: readonly PartMark[],
): AsyncGenerator<{ name: string; frames: readonly Frame[] }, void, undefined> {
  for (const [part, { frames: count, bytes }] of marks.entries()) {
    const name = partOf(next, part)
    const frames = await framesOf(storage, name, part)
    if (frames.length !== count) throw new DamagedError(name, bytes, `it holds ${frames.length} frames of ${count}`)
    yield { name, frames }
  }
}

async function framesOf(storage: Storage, file: string, first: number): Promise<readonly Frame[]> {
  const bytes = await storage.read(file)
  if (bytes === undefined) throw new DamagedError(file, 0, 'it is missing')
  const read = readFrames(file, 's', bytes, { tail: false })
  if (read.first !== first) throw new DamagedError(file, 12, `it is number ${read.first} where number ${first} belongs`)
  return read.frames
}

/** Reads a frame of a file that is whole. @throws `checkpoint-damaged` in place of what `read` throws */
export function understood<T>(file: string, offset: number, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new DamagedError(file, offset, error instanceof Error ? error.message : String(error))
  }
}
