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
import { understood } from '../log/understood.js'
import type { ReportWork, Slice, Storage } from '../../base/ports.js'
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
const READING = 'Reading the snapshot'
const beforePut = crashPoint('snapshot:before-put')
const partWasPut = crashPoint('snapshot:part-put')
const wasPut = crashPoint('snapshot:put')

/** The head of a snapshot: the commit that it belongs to, and the small parts of the state. */
interface SnapshotHead {
  readonly head: CommitHead
  /** The sequence number of the first commit frame that is not in the snapshot. */
  readonly next: number
  readonly time: number
  readonly rest: CommitRest
}

function sequenceOf(next: number): string {
  return String(next).padStart(16, '0')
}
/** Returns the name of the main file. It is written last and describes the parts, which are a snapshot only with it. */
function nameOf(next: number): string {
  return `${FOLDER}/${sequenceOf(next)}.snapshot`
}
function isMain(file: string): boolean {
  return file.endsWith('.snapshot')
}
/**
 * Returns the name of a part. All parts are in one folder, because a storage deletes only files and folders would
 * remain.
 */
function partOf(next: number, part: number): string {
  return `${FOLDER}/${sequenceOf(next)}-${String(part).padStart(6, '0')}.part`
}

/** Returns the files of all snapshots, also of incomplete ones. Files with any other name are ignored. */
export async function listSnapshotFiles(storage: Storage): Promise<string[]> {
  const files = await storage.list(`${FOLDER}/`)
  return files.filter((file) => /^\d{16}(-\d{6,}\.part|\.snapshot)$/.test(file.slice(FOLDER.length + 1)))
}

/** The size in bytes at which a part is written. It bounds the memory and the time that one write takes. */
const PART_BYTES = 1 << 20
/** The keys that are written between two pauses. */
export const ENTRIES_PER_FRAME = 1000

interface PartMark {
  readonly frames: number
  readonly bytes: number
}

function megabytes(marks: readonly PartMark[]): number {
  return Math.round(marks.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6)
}

/** Writes frames into files of bounded size. */
class PartWriter {
  readonly marks: PartMark[] = []
  #frames: Uint8Array[] = []
  #bytes = PREAMBLE_BYTES

  constructor(
    readonly storage: Storage,
    readonly next: number,
    readonly onCrashPoint: CrashHook | undefined,
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
    await partWasPut(this.onCrashPoint)
  }
}

/**
 * Writes a snapshot in slices and in parts, while its views stay unchanged. The snapshot exists once its last file is
 * there. Resolves to its size in bytes.
 */
export async function writeSnapshot(
  storage: Storage,
  head: SnapshotHead,
  source: SnapshotSource,
  slice: Slice,
  onCrashPoint: CrashHook | undefined,
): Promise<number> {
  const parts = new PartWriter(storage, head.next, onCrashPoint)
  for (const { operator, table, entries } of source.tables) {
    let chunk: StoredChange[] = []
    let written = false
    const close = async (): Promise<void> => {
      // A table without keys leaves a frame too, since its operator has begun and must not take its initial state
      // again.
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
  for (const remembered of source.remembered) {
    await parts.add([encodeRemembered(remembered)])
    await slice.pause()
  }
  await parts.close()
  await beforePut(onCrashPoint)
  // The positions stand in lists of pairs in the rest of the head.
  const frames = [[encodeValue(head, 4)], [encodeValue(parts.marks)]]
  await storage.put(nameOf(head.next), encodeFile('s', head.next, frames))
  await wasPut(onCrashPoint)
  return parts.marks.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Returns the sequence numbers of the snapshots, oldest first. */
export async function listSnapshots(storage: Storage): Promise<number[]> {
  const files = await listSnapshotFiles(storage)
  return files.flatMap((file) => (isMain(file) ? [Number(/\d+/.exec(file)![0])] : []))
}

/** Deletes all snapshots but the given ones, and the parts of incomplete ones. */
export async function keepSnapshots(storage: Storage, kept: readonly number[]): Promise<void> {
  const names = new Set(kept.map(sequenceOf))
  const files = (await listSnapshotFiles(storage)).filter((file) => !names.has(/\d+/.exec(file)![0]))
  // The main file goes first, since a half-deleted snapshot must not look like a whole one.
  for (const file of [...files.filter(isMain), ...files.filter((file) => !isMain(file))]) await storage.delete(file)
}

/**
 * Reads a snapshot.
 *
 * @param slice lets the event loop turn between two frames
 * @throws `checkpoint-damaged`, `checkpoint-newer-format`
 */
export async function readSnapshot(
  storage: Storage,
  next: number,
  slice?: Slice,
  onWork?: ReportWork,
): Promise<StoredState> {
  const state = new StoredState()
  const { file, first, marks } = await mainFileOf(storage, next)
  const { head, time, rest } = understood(file, first.offset, () => decodeValue(first.payload) as SnapshotHead)
  understood(file, first.offset, () => state.head(head))
  const all = megabytes(marks)
  let partsRead = 0
  for await (const { name, frames } of partsOf(storage, next, marks)) {
    onWork?.(READING, megabytes(marks.slice(0, partsRead++)), all, 'MB')
    for (const { payload, offset } of frames) {
      understood(name, offset, () => state.add(decodeFrame(payload)))
      await slice?.pause()
    }
  }
  onWork?.(READING, all, all, 'MB')
  understood(file, first.offset, () => state.done(time, { ...rest, unremembered: [] }))
  return state
}

/** Returns whether all files of a snapshot are there and whole. Decodes only the list of its parts. */
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
