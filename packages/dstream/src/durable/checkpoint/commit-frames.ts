import { Unstorable } from '../codec/unstorable.js'
import { decodeValue, encodeValue } from '../codec/value-codec.js'
import { recordNotStorable, stateNotStorable } from '../../base/errors/storage.js'
import type { FramePayload } from '../log/frame.js'
import type { Slice } from '../../base/ports.js'
import type { BatchGrid } from '../../base/time/batch-times.js'
import type { CommitRecord, OperatorSignature, Remembered, TableChange } from './checkpoint.js'
import type { PendingOutput } from './pending-outputs.js'

/** A stored change: `[key, value, touched, touchSequence]`, or `[key]` for a dropped key. */
export type StoredChange = readonly [key: unknown, value: unknown, touched: number, touchSequence: number | undefined] | readonly [key: unknown] // prettier-ignore

/** A frame of the log of commits. The parts of a commit come first, and count only once its `done` frame is there. */
export type CommitFrame =
  | readonly ['changes', operator: string, table: string, changes: readonly StoredChange[]]
  | readonly ['emptied', operator: string, table: string]
  | RememberedFrame
  | readonly ['done', time: number, rest: CommitRest]

/** Checkpoints of earlier versions do not say whether the keys lie by hash. */
type RememberedFrame = readonly [
  type: 'remembered',
  operator: string,
  time: number,
  partitions: readonly (readonly unknown[])[],
  isByHash?: boolean,
]

export interface CommitRest {
  /** Always empty; earlier versions expect it. */
  readonly metadata: readonly []
  readonly unremembered: readonly (readonly [string, number])[]
  readonly positions: readonly (readonly [string, unknown])[]
  readonly held: readonly (readonly [string, number])[]
  /** The failed batches of outputs, one by one, as earlier versions wrote them. */
  readonly failed?: readonly { readonly output: string; readonly time: number }[]
  readonly pendingOutputs?: readonly PendingOutput[]
  readonly forget: number | undefined
}

/** The head of a file of commits, which describes the program that wrote it. */
export interface CommitHead {
  readonly engine: string
  readonly zeroTime: number
  /** The identity of the job; absent from checkpoints of earlier versions. */
  readonly job?: string
  readonly batchMs: number
  /** The batch times of earlier runs and of this one; absent from checkpoints of earlier versions. */
  readonly grids?: readonly BatchGrid[]
  readonly operators: readonly StoredSignature[]
  /** The operators that start without state from here on, whatever was stored under their ids before. */
  readonly fresh: readonly string[]
}

export type StoredSignature = Pick<
  OperatorSignature,
  'id' | 'derived' | 'kind' | 'fingerprint' | 'slideMs' | 'tables' | 'version'
>

export function storedSignature(operator: OperatorSignature): StoredSignature {
  const { id, derived, kind, fingerprint, slideMs, tables, version } = operator
  return { id, derived, kind, fingerprint, ...(slideMs === undefined ? {} : { slideMs }), tables, version }
}

export function encodeCommitHead(head: CommitHead): FramePayload {
  return [encodeValue(head)]
}
export function decodeCommitHead(payload: Uint8Array): CommitHead {
  return decodeValue(payload) as CommitHead
}
export function decodeFrame(payload: Uint8Array): CommitFrame {
  return decodeValue(payload) as CommitFrame
}

/** The frame, its rest, the list of positions and each pair in it. */
const LEVELS_OF_POSITIONS = 4

/**
 * The number of changes in one frame. A large commit is cut into frames, so that its encoding does not block the event
 * loop.
 */
const CHANGES_PER_FRAME = 1000

/** Encodes a commit as frames. @throws `state-not-storable`, naming operator, key and place */
export async function encodeCommit(record: CommitRecord, slice: Slice): Promise<FramePayload[]> {
  const payloads: FramePayload[] = []
  for (const { operator, table, changes, isEmptied } of record.tables) {
    if (isEmptied === true) {
      // One frame instead of one entry for each key: all keys of a large state can time out in one batch.
      for (const _ of changes) {
        payloads.push([encodeValue(['emptied', operator, table] satisfies CommitFrame, 1)])
        break
      }
      continue
    }
    let chunk: StoredChange[] = []
    const close = async (): Promise<void> => {
      if (chunk.length === 0) return
      payloads.push([encodeChanges(operator, table, chunk)])
      chunk = []
      await slice.pause()
    }
    for (const change of changes) if (chunk.push(storedChange(change)) === CHANGES_PER_FRAME) await close()
    await close()
  }
  for (const remembered of record.remembered ?? []) {
    payloads.push([remembered.frame ?? encodeRemembered(remembered)])
    await slice.pause()
  }
  const rest: CommitRest = {
    metadata: [],
    unremembered: [...(record.unremembered ?? [])],
    positions: [...(record.positions ?? [])],
    held: [...(record.lagging ?? [])],
    pendingOutputs: record.pendingOutputs ?? [],
    forget: record.forget,
  }
  payloads.push([encodeValue(['done', record.time, rest] satisfies CommitFrame, LEVELS_OF_POSITIONS)])
  return payloads
}

function storedChange({ key, value, touched, touchSequence, gone }: TableChange): StoredChange {
  return gone ? [key] : [key, value, touched, touchSequence]
}

export function encodeChanges(operator: string, table: string, changes: readonly StoredChange[]): Uint8Array {
  try {
    // The frame, the list and each change are the engine's own.
    return encodeValue(['changes', operator, table, changes] satisfies CommitFrame, 3)
  } catch (error) {
    if (!(error instanceof Unstorable)) throw error
    const [, place, , ...path] = error.path
    throw stateNotStorable(operator, changes[Number(place)]?.[0], path, error.reason)
  }
}

export function encodeRemembered({ operator, time, partitions, isByHash }: Remembered): Uint8Array {
  try {
    const records = partitions.map((held) => (Array.isArray(held) ? (held as readonly unknown[]) : [...held]))
    // The frame, the list and each partition are the engine's own; the pairs too, where they come from tables.
    const levels = partitions.some((held) => Array.isArray(held)) ? 3 : 4
    return encodeValue(['remembered', operator, time, records, isByHash] satisfies CommitFrame, levels)
  } catch (error) {
    if (!(error instanceof Unstorable)) throw error
    throw recordNotStorable(
      operator,
      'a record that a window or an output will read again',
      error.path.slice(3),
      error.reason,
    )
  }
}
