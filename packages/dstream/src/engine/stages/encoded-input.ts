import type { Yielder } from '../../base/ports.js'
import { encodeValue } from '../../durable/codec/value-codec.js'
import type { Task } from '../../rdd/plan/stage-runner.js'
import type { EncodedInput } from './frames.js'

/** The records of one encoded chunk: encoding yields to the event loop between two chunks. */
const CHUNK = 1024

/**
 * Returns the input of a task as bytes. Those that were received stay where they are.
 *
 * @throws for records that cannot be stored, since they cannot be sent either
 */
export async function encodedInput(input: Task['input'], yielder: Yielder): Promise<EncodedInput> {
  if ('encoded' in input) return { bytes: input.encoded.bytes, codec: input.encoded.codec }
  if ('split' in input) return { source: input.split.source, split: encodeValue(input.split.split) }
  const { records } = input
  const chunks: Uint8Array[] = []
  const slice = yielder.begin()
  for (let from = 0; from < records.length; from += CHUNK) {
    chunks.push(encodeValue(records.slice(from, from + CHUNK)))
    const pause = slice.pause()
    if (pause !== undefined) await pause
  }
  return { chunks }
}
