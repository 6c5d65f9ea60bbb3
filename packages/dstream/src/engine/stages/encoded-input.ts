import type { Yielder } from '../../base/ports.js'
import type { StringLists } from '../../base/string-lists.js'
import { decodeValue, encodeValue } from '../../durable/codec/value-codec.js'
import type { EncodedPieces } from '../../base/values/encoded-changes.js'
import type { StateBase, StateInput, Task } from '../../rdd/plan/stage-runner.js'
import type { EncodedBase, EncodedInput, TaskFrame } from './frames.js'

/** The records of one encoded chunk: encoding yields to the event loop between two chunks. */
const CHUNK = 1024
/** The mean length from which strings are copied sooner than they are encoded one by one. */
const LONG_STRING = 64

/** What the input of a task is encoded with. */
export interface InputEncoding {
  readonly yielder: Yielder
  readonly stringLists: StringLists
}

/**
 * Returns the input of a task as bytes. Those that were received stay where they are.
 *
 * @throws for records that cannot be stored, since they cannot be sent either
 */
export async function encodedInput(input: Task['input'], encoding: InputEncoding): Promise<EncodedInput> {
  const { yielder, stringLists } = encoding
  if ('encoded' in input) return { bytes: input.encoded.bytes, codec: input.encoded.codec }
  if ('split' in input) return { source: input.split.source, split: encodeValue(input.split.split) }
  if ('records' in input) return { chunks: await gathered(encodedChunks(input.records, stringLists), yielder) }
  const { records, time, on, base, wantsEntries, merge } = input.state
  const chunks = await gathered(encodedPieces(pairColumns(records)), yielder)
  return { chunks, state: { time, on, merge, wantsEntries, base: base && (await encodedBase(base, yielder)) } }
}

async function encodedBase(base: StateBase, yielder: Yielder): Promise<EncodedBase> {
  const { version } = base
  if ('pieces' in base) return { version, pieces: await gathered(encodedPieces(base.pieces()), yielder) }
  const deltas = base.deltas.map((delta) => ({ version: delta.version, pieces: delta.pieces.bytes }))
  return { version, pieces: base.packed.bytes, deltas }
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

/**
 * Encodes records in chunks.
 *
 * @param stringLists encodes chunks of long strings, where these are for another thread or process alone
 * @throws for records that cannot be stored
 */
export function* encodedChunks(records: readonly unknown[], stringLists?: StringLists): Generator<Uint8Array> {
  for (let from = 0; from < records.length; from += CHUNK) {
    const chunk = records.slice(from, from + CHUNK)
    yield stringLists !== undefined && areLongStrings(chunk) ? stringLists.encode(chunk) : encodeValue(chunk)
  }
}

function areLongStrings(chunk: readonly unknown[]): chunk is readonly string[] {
  let length = 0
  for (const record of chunk) {
    if (typeof record !== 'string') return false
    length += record.length
  }
  return length >= chunk.length * LONG_STRING
}

/** Decodes the records of chunks. */
export function decodedChunks(chunks: readonly Uint8Array[], stringLists: StringLists): unknown[] {
  return chunks.flatMap((bytes) =>
    bytes[0] === stringLists.firstByte ? stringLists.decode(bytes) : (decodeValue(bytes) as unknown[]),
  )
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

/** Pieces as they have come. */
export class KeptPieces implements EncodedPieces {
  constructor(readonly bytes: readonly Uint8Array[]) {}

  decoded(): Iterable<unknown> {
    return decodedPieces(this.bytes)
  }

  owned(): EncodedPieces {
    const isOwn = ({ byteLength, buffer }: Uint8Array): boolean => byteLength === buffer.byteLength
    return this.bytes.every(isOwn) ? this : new KeptPieces(this.bytes.map((piece) => new Uint8Array(piece)))
  }
}

/** Returns all bytes of an input, where they are its own. */
export function bytesOfInput(input: EncodedInput): readonly Uint8Array[] {
  if ('bytes' in input) return [input.bytes]
  if ('split' in input) return [input.split]
  if (!('state' in input)) return input.chunks
  const { base } = input.state
  // Those of a packed partition stay here.
  return base === undefined || base.deltas !== undefined ? input.chunks : [...input.chunks, ...base.pieces]
}

/** Returns the frame of a task with its encoded input. */
export function taskFrame(task: Task, id: number, input: EncodedInput): TaskFrame {
  const { partition, plan, attempt, folder, division, broadcasts, bodies } = task
  return { type: 'task', id, partition, plan, input, attempt, folder, division, broadcasts, bodies }
}
