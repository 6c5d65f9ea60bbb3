import { decodeValue, encodeValue } from '../codec/value-codec.js'
import { DamagedError } from '../errors/storage.js'
import { encodeFile, readFrames, type Payload } from '../journal/frame.js'
import type { Slice, Storage } from '../ports.js'
import { crashPoint, type Steps } from '../steps.js'
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

const folder = 'snapshots'
const beforePut = crashPoint('snapshot:before-put')
const wasPut = crashPoint('snapshot:put')

/** What a snapshot says before the tables: as of which commit, and all that is small. */
interface SnapshotHead {
  readonly head: CommitHead
  /** Sequence number of the first commit frame that is not in it. */
  readonly next: number
  readonly time: number
  readonly rest: CommitRest
}

const nameOf = (next: number): string => `${folder}/${String(next).padStart(16, '0')}.snapshot`

const entriesPerFrame = 2000

/** Encodes the state in slices; the views stay what they were meanwhile. */
export async function encodeSnapshot(head: SnapshotHead, source: SnapshotSource, slice: Slice): Promise<Uint8Array> {
  const payloads: Payload[] = [[encodeValue(head)]]
  for (const { operator, table, entries } of source.tables) {
    let chunk: StoredChange[] = []
    let written = false
    const close = async (): Promise<void> => {
      // A table without keys leaves a frame too: it has begun, and is not to take its initial states again.
      if (chunk.length === 0 && written) return
      payloads.push([encodeChanges(operator, table, chunk)])
      written = true
      chunk = []
      await slice.pause()
    }
    for (const { key, value, touched, turn } of entries()) {
      if (chunk.push([key, value, touched, turn]) === entriesPerFrame) await close()
    }
    await close()
  }
  for (const { operator, time, partitions } of source.remembered) {
    payloads.push([encodeRemembered(operator, time, partitions)])
    await slice.pause()
  }
  // What tells a whole snapshot from one that lacks its end.
  payloads.push([encodeValue(['end', payloads.length])])
  return encodeFile('s', head.next, payloads)
}

export async function putSnapshot(
  storage: Storage,
  next: number,
  bytes: Uint8Array,
  steps: Steps | undefined,
): Promise<void> {
  await beforePut(steps)
  await storage.put(nameOf(next), bytes)
  await wasPut(steps)
}

/** Sequence numbers of the snapshots that are there, oldest first. */
export async function listSnapshots(storage: Storage): Promise<number[]> {
  const files = await storage.list(`${folder}/`)
  return files.map((file) => Number(/(\d+)\.snapshot$/.exec(file)?.[1] ?? NaN)).filter((next) => !Number.isNaN(next))
}

export const deleteSnapshot = (storage: Storage, next: number): Promise<void> => storage.delete(nameOf(next))

/** @throws `checkpoint-damaged`, `checkpoint-newer-format` */
export async function readSnapshot(storage: Storage, next: number): Promise<StoredState> {
  const file = nameOf(next)
  const bytes = await storage.read(file)
  if (bytes === undefined) throw new DamagedError(file, 0, 'it has gone while it was to be read')
  const { frames } = readFrames(file, 's', bytes, { tail: false })
  const [first, ...rest] = frames
  const last = rest.pop()
  if (first === undefined || last === undefined) throw new DamagedError(file, bytes.length, 'its end is missing')
  const state = new StoredState()
  let at = first.offset
  try {
    const { head, time, rest: small } = decodeValue(first.payload) as SnapshotHead
    state.head(head)
    for (const { payload, offset } of rest) {
      at = offset
      state.apply(decodeFrame(payload))
    }
    at = last.offset
    const [mark, count] = decodeValue(last.payload) as [string, number]
    if (mark !== 'end' || count !== rest.length + 1) throw new Error('its end is missing')
    state.frame(['done', time, { ...small, unremembered: [] }])
  } catch (error) {
    throw new DamagedError(file, at, error instanceof Error ? error.message : String(error))
  }
  return state
}
