import type { Block } from '../blocks/block.js'
import type { Codec } from '../../base/codec.js'
import type { Allocated, SourceRange } from '../blocks/ledger.js'
import { UnstorableRecords } from '../blocks/unstorable-records.js'
import { checkReceivedStorable } from '../codec/storable.js'
import { Unstorable } from '../codec/unstorable.js'
import { decodeValue, encodeValue } from '../codec/value-codec.js'
import { messageOf } from '../../base/errors/error-text.js'
import { codecUnknown, recordNotStorable } from '../../base/errors/storage.js'
import type { FramePayload } from '../log/frame.js'

/** Maps the stream ids of this run to operator ids. Operator ids outlive a change of the program, stream ids do not. */
export interface Streams {
  operatorOf(streamId: number): string
  /** Returns `undefined` when the source is gone and its data may be dropped. */
  streamOf(operator: string): number | undefined
  codec(streamId: number, id: string): Codec<unknown> | undefined
}

/** The description of a journal frame, which precedes its data. */
type Meta =
  | readonly ['block', operator: string, id: string, count: number | undefined, position: unknown, metadata: unknown, codec: string | undefined]
  | readonly ['batch', time: number, blocks: readonly (readonly [operator: string, ids: readonly string[]])[], ranges: readonly (readonly [operator: string, from: unknown, until: unknown])[], committed: number | undefined, clock?: number] // prettier-ignore

/**
 * Returns the payload of a frame: four bytes with the length of the description, the description, and the data as it
 * came.
 */
function framed(meta: Meta, levels: number, data: Uint8Array): FramePayload {
  const encoded = encodeValue(meta, levels)
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, encoded.length, true)
  return [length, encoded, data]
}

/**
 * Encodes a block.
 * @throws `UnstorableRecords`; `state-not-storable` for a position or metadata that cannot be stored
 */
export function encodeBlock(block: Block, operator: string): FramePayload {
  const { id, count, position, metadata, payload } = block
  const codec = 'bytes' in payload ? payload.codec.id : undefined
  const data = 'bytes' in payload ? payload.bytes : encodeRecords(payload.records, operator)
  try {
    return framed(['block', operator, id, count, position, metadata, codec], 1, data)
  } catch (error) {
    if (!(error instanceof Unstorable)) throw error
    throw recordNotStorable(operator, 'a position or the metadata of a block', error.path.slice(1), error.reason)
  }
}

/**
 * Encodes the records of a block. Looks for unstorable records only after the encoding of all has failed, since most
 * blocks have none.
 */
function encodeRecords(records: readonly unknown[], operator: string): Uint8Array {
  try {
    return encodeValue(records, 1)
  } catch (error) {
    const errors = new Map<number, Error>()
    for (const [i, record] of records.entries()) {
      try {
        checkReceivedStorable(operator, record)
      } catch (reason) {
        errors.set(i, reason as Error)
      }
    }
    if (errors.size === 0) throw error
    const [path, reason] = error instanceof Unstorable ? [error.path, error.reason] : [[], messageOf(error)]
    throw new UnstorableRecords(
      operator,
      errors,
      recordNotStorable(operator, 'a received record', path, reason).message,
    )
  }
}

/** @param clock the time of the clock, in milliseconds */
export function encodeAllocation(
  event: Allocated,
  streams: Streams,
  committed: number | undefined,
  clock: number,
): FramePayload {
  const blocks = [...event.blocks].map(([streamId, ids]) => [streams.operatorOf(streamId), ids] as const)
  try {
    const ranges = [...event.ranges].map(([operator, { from, until }]) => [operator, from, until] as const)
    // The frame, the list and each range are the engine's own.
    return framed(['batch', event.time, blocks, ranges, committed, clock], 3, new Uint8Array(0))
  } catch (error) {
    if (!(error instanceof Unstorable)) throw error
    const operator = [...event.ranges.keys()][Number(error.path[1])] ?? 'a source'
    throw recordNotStorable(operator, 'a position of the source', error.path.slice(2), error.reason)
  }
}

/** A decoded journal frame. It names operators by their ids, since the operators of the program are not known yet. */
export type JournalEntry =
  | {
      readonly type: 'block'
      readonly operator: string
      readonly id: string
      readonly codec: string | undefined
      readonly position: unknown
      block(streams: Streams, streamId: number): Block
    }
  | {
      readonly type: 'batch'
      readonly time: number
      readonly blocks: readonly (readonly [operator: string, ids: readonly string[]])[]
      readonly ranges: ReadonlyMap<string, SourceRange>
      /** The last batch that was committed when this one was allocated. */
      readonly committed: number | undefined
      /** The time of the clock at the allocation, in milliseconds; absent from format 1. */
      readonly clock: number | undefined
    }

export function decodeEntry(payload: Uint8Array): JournalEntry {
  const length = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true)
  const meta = decodeValue(payload.subarray(4, 4 + length)) as Meta
  const data = payload.subarray(4 + length)
  if (meta[0] === 'batch') {
    const [, time, blocks, ranges, committed, clock] = meta
    return {
      type: 'batch',
      time,
      blocks,
      ranges: new Map(ranges.map(([operator, from, until]) => [operator, { from, until }])),
      committed,
      clock,
    }
  }
  const [, operator, id, count, position, metadata, codec] = meta
  return {
    type: 'block',
    operator,
    id,
    codec,
    position,
    block: (streams, streamId) => ({
      id,
      streamId,
      payload: payloadOf(data, codec, (name) => {
        const found = streams.codec(streamId, name)
        if (found === undefined) throw codecUnknown(streamId, operator, name)
        return found
      }),
      count,
      ...(position === undefined ? {} : { position }),
      ...(metadata === undefined ? {} : { metadata: metadata as Record<string, unknown> }),
    }),
  }
}

function payloadOf(
  data: Uint8Array,
  codec: string | undefined,
  find: (name: string) => Codec<unknown>,
): Block['payload'] {
  return codec === undefined ? { records: decodeValue(data) as unknown[] } : { bytes: data.slice(), codec: find(codec) }
}
