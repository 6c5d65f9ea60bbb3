import type { Task } from '../../rdd/plan/stage-runner.js'
import { LEAST_BYTES } from './task-queue.js'

/** The bytes that a record counts for. */
const BYTES_OF_RECORD = 256

/** Returns the bytes that a task counts for among those of its stage. */
export function bytesOf({ input }: Task): number {
  // What has to be read of a split is unknown, and takes time of its own.
  if ('split' in input) return LEAST_BYTES
  // A copy that a worker has would be lost by an update here, however small that is.
  if ('state' in input) return input.state.base === undefined ? LEAST_BYTES : input.state.keys * BYTES_OF_RECORD
  return 'encoded' in input ? input.encoded.bytes.length : input.records.length * BYTES_OF_RECORD
}
