import type { MessageRecord } from '@platformatic/kafka'
import { noSuchPartition, notBytes } from '../../../base/errors/kafka.js'
import { partitionOf } from './murmur2.js'
import type { Bytes, RecordForm } from './sink-options.js'

/** The bytes of one request to a partition, about: they are encoded in one piece, which keeps the event loop busy. */
const CHUNK_BYTES = 256 * 1024
/** The bytes of a record beside its key, value and headers, about. */
const RECORD_BYTES = 30

/** The records of a batch for one partition, in order, as the requests that write them. */
export interface PartitionMessages {
  readonly partition: number
  readonly chunks: readonly MessageRecord[][]
}

function bytesOf(part: string, value: unknown): Buffer | null {
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  if (value === null || value === undefined) return null
  if (!(value instanceof Uint8Array)) throw notBytes('kafkaSink', part, value)
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

function headersOf(headers: Readonly<Record<string, Bytes>> | undefined): Map<Buffer, Buffer> | undefined {
  if (headers === undefined) return undefined
  const all = Object.entries(headers)
  return new Map(all.map(([key, value]) => [Buffer.from(key, 'utf8'), bytesOf(`the header ${key}`, value)!]))
}

function sizeOf({ key, value, headers }: MessageRecord): number {
  let bytes = RECORD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
  for (const [name, header] of headers ?? []) bytes += name.length + (header?.length ?? 0) + 2
  return bytes
}

/**
 * Makes the requests of a batch. Records without a key go to the partitions in turn, from one that the batch time chooses, so
 * that small batches are spread too.
 *
 * @throws `not-bytes`, `no-such-partition`, and what the user's functions throw
 */
export function messagesOf<T>(
  topic: string,
  partitions: number,
  records: readonly T[],
  form: RecordForm<T>,
  turn: number,
): PartitionMessages[] {
  const chunks = new Map<number, { all: MessageRecord[][]; bytes: number }>()
  let next = turn % partitions
  const choose = (record: T, key: Buffer | null): number => {
    if (form.partition === undefined) {
      return key === null ? (next = (next + 1) % partitions) : partitionOf(key, partitions)
    }
    const partition = form.partition(record, partitions)
    if (Number.isInteger(partition) && partition >= 0 && partition < partitions) return partition
    throw noSuchPartition(topic, partition, partitions)
  }
  for (const record of records) {
    const key = bytesOf('key', form.key?.(record))
    const value = form.value(record)
    if (value === undefined) throw notBytes('kafkaSink', 'value', value)
    const partition = choose(record, key)
    // The types of the client know no tombstones; what it writes does.
    const message = { topic, partition, key, value: bytesOf('value', value) } as unknown as MessageRecord
    const headers = headersOf(form.headers?.(record))
    if (headers !== undefined) message.headers = headers
    if (form.timestamp !== undefined) message.timestamp = BigInt(form.timestamp(record))
    const size = sizeOf(message)
    const known = chunks.get(partition)
    if (known === undefined) chunks.set(partition, { all: [[message]], bytes: size })
    else if (known.bytes + size > CHUNK_BYTES) {
      known.all.push([message])
      known.bytes = size
    } else {
      known.all.at(-1)!.push(message)
      known.bytes += size
    }
  }
  return [...chunks].map(([partition, { all }]) => ({ partition, chunks: all }))
}
