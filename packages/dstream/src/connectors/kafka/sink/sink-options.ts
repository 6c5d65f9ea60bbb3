import type { Duration } from 'dstream'
import { badOption } from '../../../base/errors/options.js'
import { aBoolean, aFunction, aString, checkOptions } from '../../../base/options.js'
import { checkPositiveDuration, Seconds } from '../../../base/time/duration.js'
import {
  clientSettings,
  connectionOptionNames,
  type ClientSettings,
  type KafkaConnectionOptions,
} from '../client/settings.js'

/** Text, which is written as UTF-8, or bytes. */
export type Bytes = string | Uint8Array

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** The functions that make a record of Kafka of a record of the stream. */
export interface RecordForm<T> {
  /** Returns the key; records without one are spread over the partitions. Default: no key. */
  readonly key?: ((record: T) => Bytes | null | undefined) | undefined
  /** Returns the value; `null` writes a tombstone, which deletes the key from a compacted topic. */
  readonly value: (record: T) => Bytes | null
  readonly headers?: ((record: T) => Readonly<Record<string, Bytes>> | undefined) | undefined
  /** Returns the timestamp in milliseconds since the epoch; default: the moment of writing. */
  readonly timestamp?: ((record: T) => number) | undefined
  /** Returns the partition, from 0; default: that of the key's hash, as other producers of Kafka choose it. */
  readonly partition?: ((record: T, partitions: number) => number) | undefined
}

/** The options of `kafkaSink`. */
export interface KafkaSinkOptions<T> extends KafkaConnectionOptions, RecordForm<T> {
  /** The topic to write to. It has to exist. */
  readonly topic: string
  /**
   * `true`, the default, writes each batch with its time in one transaction. `false` writes without one: a batch that is run
   * again after a crash is written again.
   */
  readonly exactlyOnce?: boolean | undefined
  /**
   * The id by which the broker knows the sink over restarts; a second sink of the same id takes its place. Default: made of
   * the identity of the job in its checkpoint and the id of the output.
   */
  readonly transactionalId?: string | undefined
  /** The time in which a batch has to be written before the broker aborts it; default 60 s. */
  readonly transactionTimeout?: Duration | undefined
  /** The compression of records; default `none`. `zstd` needs Node 22.15 or later. */
  readonly compression?: Compression | undefined
}

const known = [
  ...connectionOptionNames,
  'topic',
  'key',
  'value',
  'headers',
  'timestamp',
  'partition',
  'exactlyOnce',
  'transactionalId',
  'transactionTimeout',
  'compression',
] as const satisfies readonly (keyof KafkaSinkOptions<never>)[]

const compressions: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

export interface SinkSettings<T> {
  readonly client: ClientSettings
  readonly topic: string
  readonly form: RecordForm<T>
  readonly exactlyOnce: boolean
  readonly transactionalId: string | undefined
  readonly transactionTimeoutMs: number
  readonly compression: Compression
}

/** @throws `bad-option`, `unknown-option` */
export function sinkSettings<T>(where: string, options: KafkaSinkOptions<T>): SinkSettings<T> {
  checkOptions(where, options ?? null, known)
  const { value, key, headers, timestamp, partition, exactlyOnce = true, compression = 'none' } = options
  const { transactionalId, transactionTimeout = Seconds(60) } = options
  aFunction(where, 'value', value)
  for (const [name, f] of Object.entries({ key, headers, timestamp, partition })) {
    if (f !== undefined) aFunction(where, name, f)
  }
  if (!compressions.includes(compression)) {
    throw badOption(where, 'compression', compressions.map((name) => `'${name}'`).join(', '), compression)
  }
  if (!aBoolean(where, 'exactlyOnce', exactlyOnce) && transactionalId !== undefined) {
    throw badOption(where, 'transactionalId', 'left out where exactlyOnce is false', transactionalId)
  }
  return {
    client: clientSettings(where, options),
    topic: aString(where, 'topic', options.topic),
    form: { key, value, headers, timestamp, partition },
    exactlyOnce,
    transactionalId: transactionalId === undefined ? undefined : aString(where, 'transactionalId', transactionalId),
    transactionTimeoutMs: checkPositiveDuration(`${where}: transactionTimeout`, transactionTimeout).milliseconds,
    compression,
  }
}
