import { Unstorable } from '../../durable/codec/unstorable.js'
import { decodeValue, encodeValue } from '../../durable/codec/value-codec.js'
import { objectFileDamaged, recordNotSavable } from '../../base/errors/sinks.js'
import { DamagedError } from '../../base/errors/storage.js'
import { encodeFrames, preamble, readFrames } from '../../durable/log/frame.js'
import type { Sequence } from '../../base/ports.js'

/** The number of records that are encoded together, so that equal shapes of objects are named once. */
const RECORDS_PER_FRAME = 256

/**
 * Encodes records as the bytes of a file, piece by piece. Each frame, in the form of a checkpoint's, holds an array of
 * records. A last frame holds their number, so that a file that was cut between two frames is not taken for a whole
 * one.
 */
export async function* encodeObjects(records: Sequence<unknown>): AsyncGenerator<Uint8Array, void, undefined> {
  yield preamble('o', 0)
  let frames = 0
  let count = 0
  let group: unknown[] = []
  const frame = (payload: Uint8Array): Uint8Array => encodeFrames('o', 0, frames++, [[payload]])
  const closed = (): Uint8Array => {
    const bytes = frame(encodeGroup(group, count))
    count += group.length
    group = []
    return bytes
  }
  for await (const record of records) {
    group.push(record)
    if (group.length === RECORDS_PER_FRAME) yield closed()
  }
  if (group.length > 0) yield closed()
  yield frame(encodeValue(count))
}

/** Decodes the records of a file. @throws `object-file-damaged` before any record of the damaged frame */
export function* decodeObjects(file: string, bytes: Uint8Array): Generator<unknown, void, undefined> {
  let count = 0
  let total: unknown
  for (const { payload } of framesOf(file, bytes)) {
    const value = decodeValue(payload)
    if (Array.isArray(value)) {
      count += value.length
      yield* value
    } else total = value
  }
  if (total !== count) throw objectFileDamaged(file, bytes.length)
}

function framesOf(file: string, bytes: Uint8Array): ReturnType<typeof readFrames>['frames'] {
  try {
    return readFrames(file, 'o', bytes, { tail: false }).frames
  } catch (error) {
    throw error instanceof DamagedError ? objectFileDamaged(file, error.offset) : error
  }
}

function encodeGroup(group: readonly unknown[], before: number): Uint8Array {
  try {
    return encodeValue(group, 1)
  } catch (error) {
    if (!(error instanceof Unstorable)) throw error
    const [index, ...path] = error.path
    throw recordNotSavable(before + Number(index), path, error.reason)
  }
}
