import type { Yielder } from '../../base/ports.js'
import { encodeValue } from '../../durable/codec/value-codec.js'
import type { Task } from '../../rdd/plan/stage-runner.js'
import type { EncodedInput, TaskFrame } from './frames.js'

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
  const chunks: Uint8Array[] = []
  const slice = yielder.begin()
  for (const chunk of encodedChunks(input.records)) {
    chunks.push(chunk)
    const pause = slice.pause()
    if (pause !== undefined) await pause
  }
  return { chunks }
}

/** Encodes records in chunks. @throws for records that cannot be stored */
export function* encodedChunks(records: readonly unknown[]): Generator<Uint8Array> {
  for (let from = 0; from < records.length; from += CHUNK) yield encodeValue(records.slice(from, from + CHUNK))
}

/** Returns the frame of a task with its encoded input. */
export function taskFrame(task: Task, id: number, input: EncodedInput): TaskFrame {
  const { partition, plan, attempt, broadcasts, bodies } = task
  return { type: 'task', id, partition, plan, input, attempt, broadcasts, bodies }
}
