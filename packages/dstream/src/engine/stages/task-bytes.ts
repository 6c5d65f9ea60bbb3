import type { Task } from '../../rdd/plan/stage-runner.js'
import { LEAST_BYTES } from './task-queue.js'

/** The bytes that a record counts for. */
const BYTES_OF_RECORD = 256
/** Those of a record that this thread has made: encoding it takes as long as some functions. */
const BYTES_OF_MADE_RECORD = 1

/** Returns the bytes that a task counts for among those of its stage. */
export function bytesOf({ input }: Task): number {
  // What has to be read of a split is unknown, and takes time of its own.
  if ('split' in input) return LEAST_BYTES
  // A copy that a worker has would be lost by an update here, however small that is.
  if ('state' in input) return input.state.base === undefined ? LEAST_BYTES : input.state.keys * BYTES_OF_RECORD
  if ('encoded' in input) return input.encoded.bytes.length
  return input.records.length * (input.isMadeHere === true ? BYTES_OF_MADE_RECORD : BYTES_OF_RECORD)
}
