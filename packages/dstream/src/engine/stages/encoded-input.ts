import type { Yielder } from '../../base/ports.js'
import { decodeValue, encodeValue } from '../../durable/codec/value-codec.js'
import type { StateInput, Task } from '../../rdd/plan/stage-runner.js'
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
  if ('records' in input) return { chunks: await gathered(encodedChunks(input.records), yielder) }
  const { records, time, on, base, merge } = input.state
  const chunks = await gathered(encodedPieces(pairColumns(records)), yielder)
  if (base === undefined) return { chunks, state: { time, on, merge } }
  const pieces = await gathered(encodedPieces(base.pieces()), yielder)
  return { chunks, state: { time, on, merge, base: { version: base.version, pieces } } }
}

/** Returns what is encoded, with pauses for the event loop. */
async function gathered(encoded: Iterable<Uint8Array>, yielder: Yielder): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  const slice = yielder.begin()
  for (const one of encoded) {
    all.push(one)
    const pause = slice.pause()
    if (pause !== undefined) await pause
  }
  return all
}

/** Encodes records in chunks. @throws for records that cannot be stored */
export function* encodedChunks(records: readonly unknown[]): Generator<Uint8Array> {
  for (let from = 0; from < records.length; from += CHUNK) yield encodeValue(records.slice(from, from + CHUNK))
}

/** The piece of columns and each column. */
const LEVELS_OF_PIECE = 2

/** Yields pairs as columns, which are encoded several times as fast. */
function* pairColumns(pairs: StateInput['records']): Generator<readonly [unknown[], unknown[]]> {
  for (let from = 0; from < pairs.length; from += CHUNK) {
    const piece = pairs.slice(from, from + CHUNK)
    yield [piece.map(([key]) => key), piece.map(([, value]) => value)]
  }
}

/** Yields the pairs of encoded columns. */
export function* decodedPairs(encoded: readonly Uint8Array[]): Generator<readonly [unknown, unknown]> {
  for (const bytes of encoded) {
    const [keys, values] = decodeValue(bytes) as readonly [unknown[], unknown[]]
    for (let i = 0; i < keys.length; i++) yield [keys[i], values[i]]
  }
}

/** Encodes pieces of columns. @throws for states that cannot be stored */
export function* encodedPieces(pieces: Iterable<unknown>): Generator<Uint8Array> {
  for (const piece of pieces) yield encodeValue(piece, LEVELS_OF_PIECE)
}

/** Decodes pieces as they are read. */
export function* decodedPieces<T>(encoded: readonly Uint8Array[]): Generator<T> {
  for (const piece of encoded) yield decodeValue(piece) as T
}

/** Returns all bytes of an input, where they are its own. */
export function bytesOfInput(input: EncodedInput): readonly Uint8Array[] {
  if ('bytes' in input) return [input.bytes]
  if ('split' in input) return [input.split]
  return 'state' in input ? [...input.chunks, ...(input.state.base?.pieces ?? [])] : input.chunks
}

/** Returns the frame of a task with its encoded input. */
export function taskFrame(task: Task, id: number, input: EncodedInput): TaskFrame {
  const { partition, plan, attempt, folder, division, broadcasts, bodies } = task
  return { type: 'task', id, partition, plan, input, attempt, folder, division, broadcasts, bodies }
}
