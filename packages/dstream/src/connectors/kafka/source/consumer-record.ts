/** A header of a record. Its value is bytes; several headers of a record may have one key. */
export interface Header {
  readonly key: string
  readonly value: Buffer | null
}

/** A record of a topic, with its place. A `value` of `null` is a tombstone: the key has been deleted. */
export interface ConsumerRecord<K = Buffer, V = Buffer> {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch: set by the producer, or by the broker where the topic says so. */
  readonly timestamp: number
  readonly key: K | null
  readonly value: V | null
  readonly headers: readonly Header[]
}

/** A record as it was read, with key and value in bytes. */
export type RawRecord = ConsumerRecord<Buffer, Buffer>

/** Makes a key or a value of its bytes. A key or value that is absent is `null` and is not deserialized. */
export type Deserializer<T> = (bytes: Buffer, record: RawRecord) => T

export interface Deserializers<K, V> {
  readonly key?: Deserializer<K> | undefined
  readonly value?: Deserializer<V> | undefined
}

/** Deserializes UTF-8 text. */
export function stringDeserializer(bytes: Buffer): string {
  return bytes.toString('utf8')
}

/** Deserializes JSON. The type of the values is for the caller to say. */
export function jsonDeserializer<T = any>(bytes: Buffer): T {
  return JSON.parse(bytes.toString('utf8')) as T
}

/** Returns the function that deserializes a record; `undefined` where keys and values stay bytes. */
export function decoder<K, V>({
  key,
  value,
}: Deserializers<K, V>): ((raw: RawRecord) => ConsumerRecord<K, V>) | undefined {
  if (key === undefined && value === undefined) return undefined
  return (raw) => ({
    topic: raw.topic,
    partition: raw.partition,
    offset: raw.offset,
    timestamp: raw.timestamp,
    key: raw.key === null || key === undefined ? (raw.key as K | null) : key(raw.key, raw),
    value: raw.value === null || value === undefined ? (raw.value as V | null) : value(raw.value, raw),
    headers: raw.headers,
  })
}
