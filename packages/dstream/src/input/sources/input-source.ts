import type { Block } from '../../durable/blocks/block.js'
import type { Codec } from '../../base/codec.js'
import type { DStreamError } from '../../base/errors/base.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { ReceiverInfo, StreamInputInfo } from '../../observe/events.js'
import type { Clock, Logger } from '../../base/ports.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { BufferLimits } from '../receive/backlog.js'
import type { RateOptions } from '../receive/rate-limiter.js'
import type { ReceiverEvent, ReceiverSupervisor } from '../receive/supervisor.js'
import type { PassedOverFile } from './passed-over.js'
import type { Later } from './counts.js'
import type { ReadOptions, SourceLag } from './source.js'

/** The received blocks of all streams. May be used once the context starts. */
export interface BlockStore {
  /**
   * Returns when a value can be stored; absent where nothing is.
   * @throws `state-not-storable`
   */
  mustBeStorable?(value: unknown): void
  /**
   * Resolves when the block is durable and counts for the next allocation.
   * @throws `UnstorableRecords`
   */
  add(block: Block): Promise<void>
  /** Returns the blocks of a stream that were allocated to a batch, in order of arrival. */
  of(streamId: number, time: number): readonly Block[]
  /** Returns the blocks of a stream that an earlier run of the program left, when called before the source's first block. */
  earlier(streamId: number): Iterable<Block>
}

/** A received record that does not decode. */
export interface LeftOut {
  readonly record: Uint8Array
  readonly error: unknown
  readonly time: number
  /** Where the record was: the same when the batch is evaluated again. */
  readonly place: string
}

/** The files of a stream of files: how many are read, and those that are not. */
export interface FilesOfSource {
  /** The files that are read and still there. */
  readonly read: number
  /** The first of the files that are passed over. */
  readonly passedOver: readonly PassedOverFile[]
  readonly numPassedOver: number
}

/** The surroundings of one source, given by the context that makes it. */
export interface SourceHome {
  readonly streamId: number
  /** The batch interval. */
  readonly slideMs: number
  readonly sc: RDDContext
  readonly clock: Clock
  readonly logger: Logger
  onEvent(type: ReceiverEvent, info: ReceiverInfo): void
  /** Counts a received record that is left out because it does not decode, and sends it to the dead letters. */
  skipped?(left: LeftOut): void
  /** Limits on the rate of a receiver or a planned source; `initialRate` is only set with backpressure. */
  readonly rate: RateOptions
  readonly blockIntervalMs: number
  readonly limits: BufferLimits
  readonly blocks: BlockStore
  /** Resolves when no batch is under way; absent where all work waits for its batch. */
  readonly idle?: (() => Promise<void>) | undefined
  /** Whether blocks are combined as tasks of their own, which may begin before their batch. */
  readonly beginsTasks?: boolean | undefined
}

/**
 * A stream of data from outside: an operator of the graph, with a start and a stop. In every batch the context calls, in
 * this order: `plan` (or `adopt`, for a batch of an earlier run), `operator.compute`, `info`, and after the commit
 * `committed` and `forget`. All times are milliseconds.
 */
export interface InputSource<T = unknown> {
  readonly streamId: number
  /** The name in events and on pages: `Socket stream [0]`. */
  readonly name: string
  readonly operator: Operator<T>
  /** Set for a source that is fed by a receiver: `stop`, `released(block)`, `buffer.closeDue()`, `info`. */
  readonly supervisor?: ReceiverSupervisor<T>
  /** Begins to accept data. Never rejects: a failure is reported and the start is tried again. */
  start(): void | Promise<void>
  /** Takes no more data. Resolves when all accepted data is stored; a receiver has at least `timeoutMs` to stop. */
  stop(timeoutMs?: number): Promise<void>
  /** Aborts the readings that are under way: the context stops without waiting for them any longer. */
  abort?(reason: unknown): void
  /** Called once, after the last batch. Never rejects: a failure is reported. */
  close?(): Promise<void>
  /**
   * Returns the range of data that the batch reads, as plain data. It is logged with the allocation, so that the batch
   * can be computed again. Sources that are fed by a receiver have no plan.
   */
  plan?(time: number): unknown
  /** Takes over the plan of a batch of an earlier run. */
  adopt?(time: number, planned: unknown): void
  /** Returns the position after all batches planned so far, as plain data. */
  snapshot?(): unknown
  /** Goes on from a snapshot, before `start`. A source with a receiver is given the position of its last journalled block. */
  restore?(snapshot: unknown): void
  /** Called instead of `restore` when an earlier run has committed nothing: that run began at this time. */
  startedAt?(time: number): void
  /** The batch is committed and will not be computed again: the origin may delete the data it read. */
  committed?(time: number): void | Promise<void>
  /** No batch at or before `time` will be computed or asked about any more. */
  forget?(time: number): void
  /**
   * Returns the number of records that the batch got from this stream, with metadata. The number is known at once, except
   * for files, planned ranges and received bytes whose codec cannot count without decoding (only lines can): they are
   * counted once an output has read all of them.
   */
  info(time: number): StreamInputInfo
  /** Sets the rate in records per second; called by backpressure. */
  setRate?(recordsPerSecond: number): void
  /** Returns how much data no batch has planned yet, as of the last plan; `undefined` before it. */
  lag?(): SourceLag | undefined
  /** Returns the files of a stream of files. */
  files?(): FilesOfSource
  /** Returns the error of accepted data that has been lost, asked once the source has been stopped and the last batch is done. */
  lost?(): unknown
  /** Returns the codec of journalled bytes by its id; `undefined` for an unknown id. */
  codec?(id: string): Codec<T> | undefined
  /**
   * Reads a planned split elsewhere than where it was planned: in a thread that has built the same source, and has not started
   * it. A failure of the promise, or of reading, makes the thread of the batches read the split.
   */
  readSplit?(split: unknown, reading: SplitReading): Later<unknown>
  /** Returns the error that refuses a start from a checkpoint, for a source that cannot be recovered. */
  refusal?(): DStreamError
}

/** The surroundings of the reading of a split. */
export interface SplitReading extends ReadOptions {
  /** Called for a record that does not decode and is left out. */
  bad(record: unknown, error: unknown): void
}

/** Returns Spark's display name of a stream: `Socket stream [0]`. */
export function streamName(what: string, streamId: number): string {
  return `${what} stream [${streamId}]`
}
