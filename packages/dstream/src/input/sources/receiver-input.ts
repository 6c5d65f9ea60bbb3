import type { Block } from '../../durable/blocks/block.js'
import type { Codec } from '../../base/codec.js'
import { notAReceiver } from '../../base/errors/receive.js'
import { operator } from '../../streams/graph/make.js'
import type { StreamInputInfo } from '../../observe/events.js'
import { withEarlyBatch } from '../../rdd/execution/early-fold.js'
import type { PartitionSource } from '../../rdd/plan/lineage.js'
import type { RDD } from '../../rdd/rdd.js'
import { rddOf } from '../../rdd/rdd-of.js'
import { knownCodec, rememberCodec } from '../receive/known-codecs.js'
import { isReceiver } from '../receive/receiver.js'
import type { Receiver } from '../receive/receiver.js'
import { RefusedRecords } from '../receive/refused-records.js'
import { ReceiverSupervisor } from '../receive/supervisor.js'
import { describe } from '../../base/text/describe.js'
import { Counts } from './counts.js'
import { EarlyWork } from './early-work.js'
import { streamName } from './input-source.js'
import type { InputSource, SourceHome } from './input-source.js'

export interface ReceiverInputOptions {
  /** The operator's kind in the graph: `socketTextStream`. */
  readonly kind?: string
  readonly params?: Readonly<Record<string, unknown>>
  /** The first word of the display name: `Socket`. */
  readonly label?: string
}

/**
 * The records of a receiver. The RDD at t has one partition for each block allocated to t, and none when no block came.
 * Bytes are decoded when the partition is read.
 *
 * Law: the batches, concatenated, are the stored records in order, each once.
 * Reference: `ReceiverInputDStream`.
 */
export function receiverInput<T>(
  home: SourceHome,
  receiver: Receiver<T>,
  options: ReceiverInputOptions = {},
): InputSource<T> {
  if (!isReceiver(receiver)) throw notAReceiver(receiver)
  const { streamId, slideMs, sc, clock, logger, rate, blockIntervalMs, limits } = home
  const { kind = 'receiverStream', params = {}, label = receiver.constructor.name } = options
  const supervisor = new ReceiverSupervisor<T>({
    receiver,
    streamId,
    clock,
    logger,
    rate,
    blockIntervalMs,
    limits,
    addBlock: (block) => addBlock(home, block, early),
    mustBeStorable: (value) => home.blocks.mustBeStorable?.(value),
    decide: (error) => refused.decide(error),
    failBatch: (error) => refused.failBatch(error),
    hasBlock: (id) => ofEarlierRun.has(id),
    onEvent: (type, info) => home.onEvent(type, info),
  })
  const counts = new Counts()
  const refused = new RefusedRecords(sc.runtime.onRecordError)
  const ofEarlierRun = new Set<string>()
  const early = home.idle && new EarlyWork({ runtime: sc.runtime, idle: home.idle })
  return {
    streamId,
    name: streamName(label, streamId),
    supervisor,
    operator: operator<T>({
      kind,
      params,
      parents: [],
      slideMs,
      source: true,
      compute: (time) => {
        refused.check()
        return batchRDD<T>(home, time, { supervisor, counts, early })
      },
    }),
    start: () => {
      for (const block of home.blocks.earlier(streamId)) ofEarlierRun.add(block.id)
      supervisor.start()
    },
    stop: (timeoutMs) => supervisor.stop(timeoutMs),
    close: async () => early?.close(),
    restore: (position) => {
      supervisor.buffer.position = position
    },
    info: (time) => infoOf(streamId, time, home.blocks.of(streamId, time), counts),
    forget: (time) => counts.forget(time),
    lost: () => supervisor.lost ?? refused.pending,
    setRate: (recordsPerSecond) => supervisor.buffer.setRate(recordsPerSecond),
    codec: (id) => receiver.codecs.find((codec) => codec.id === id) ?? (knownCodec(id) as Codec<T> | undefined),
  }
}

interface BatchParts {
  readonly supervisor: Pick<ReceiverSupervisor<unknown>, 'reportError'>
  readonly counts: Counts
  readonly early: EarlyWork | undefined
}

function batchRDD<T>(home: SourceHome, time: number, { supervisor, counts, early }: BatchParts): RDD<T> {
  const undecodable = (block: string): OnUndecodable => reportUndecodable(home, supervisor, time, block)
  const blocks = home.blocks.of(home.streamId, time)
  const partitions = blocks.map((block) => partition<T>(home.streamId, block, counts, time, undecodable))
  const rdd = rddOf(home.sc, partitions)
  if (early !== undefined) {
    const counted = ({ id }: Block, records: number): void => counts.set(time, id, records)
    withEarlyBatch(rdd.node, early.batch(blocks, counted))
  }
  if (home.beginsTasks === true) home.sc.runtime.stages!.newBatch(home.streamId)
  return rdd
}

async function addBlock(home: SourceHome, block: Block, early: EarlyWork | undefined): Promise<void> {
  const { payload } = block
  if ('codec' in payload) rememberCodec(payload.codec)
  await home.blocks.add(block)
  early?.stored(block)
  if (home.beginsTasks !== true || !('codec' in payload)) return
  home.sc.runtime.stages!.begin({ bytes: payload.bytes, codec: { stream: home.streamId, id: payload.codec.id } })
}

/** Returns the function that is told of the records of a block that do not decode. */
function reportUndecodable(
  home: SourceHome,
  supervisor: Pick<ReceiverSupervisor<unknown>, 'reportError'>,
  time: number,
  block: string,
): OnUndecodable {
  let number = 0
  return (record, error) => {
    const text = describe(new TextDecoder().decode(record))
    home.skipped?.({ record, error, time, place: `${block} ${number++}` })
    supervisor.reportError(`A record does not decode and is left out: ${text}`, error)
  }
}

type OnUndecodable = (record: Uint8Array, error: unknown) => void

function partition<T>(
  streamId: number,
  block: Block,
  counts: Counts,
  time: number,
  undecodable: (block: string) => OnUndecodable,
): PartitionSource<T> {
  const { payload, count, id } = block
  if ('records' in payload) return { records: payload.records as readonly T[] }
  const { bytes, codec } = payload as { bytes: Uint8Array; codec: Codec<T> }
  const counted = (records: number): void => counts.set(time, id, records)
  const encoded = { bytes, codec: { stream: streamId, id: codec.id }, counted }
  if (count !== undefined) return { count, encoded, iterate: () => codec.decode(bytes, undecodable(id)) }
  return { count, encoded, iterate: () => counts.counted(time, id, codec.decode(bytes, undecodable(id))) }
}

/** Counts the blocks whose number of records is known before they are decoded. */
function infoOf(streamId: number, time: number, blocks: readonly Block[], counts: Counts): StreamInputInfo {
  for (const block of blocks) if (block.count !== undefined) counts.set(time, block.id, block.count)
  const given = blocks.flatMap(({ metadata }) => (metadata === undefined ? [] : [metadata]))
  return counts.info(streamId, time, given.length === 0 ? {} : { blocks: given })
}
