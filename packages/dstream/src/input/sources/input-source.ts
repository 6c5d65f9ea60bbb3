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

/** What the context gives to each source that it makes. */
export interface SourceHome {
  readonly streamId: number
  /** The batch interval. */
  readonly slideMs: number
  readonly sc: RDDContext
  readonly clock: Clock
  readonly logger: Logger
  onEvent(type: ReceiverEvent, info: ReceiverInfo): void
  /** Limits of a receiver's or a planned source's speed; `initialRate` only with backpressure. */
  readonly rate: RateOptions
  readonly blockIntervalMs: number
  readonly limits: BufferLimits
  /** Resolves when the block is durable and counts for the next allocation. */
  addBlock(block: Block): Promise<void>
  /** The blocks of this stream that an earlier run has left, as the source starts. */
  earlierBlocks?(streamId: number): Iterable<Block>
  /** The blocks that were allocated to a batch, in order of arrival. */
  blocksOf(streamId: number, time: number): readonly Block[]
}

/**
 * A stream of data from outside: the operator that the graph knows, and the life around it. In every batch the context
 * calls, in this order: `plan` (or, for a batch of an earlier run, `adopt`), `operator.compute`, `info`, and when the
 * batch is done `committed` and `forget`. All times are milliseconds.
 */
export interface InputSource<T = unknown> {
  readonly streamId: number
  /** What events and pages call it: `Socket stream [0]`. */
  readonly name: string
  readonly operator: Operator<T>
  /** Set for a source that is fed by a receiver: `stop`, `released(block)`, `buffer.closeDue()`, `info`. */
  readonly supervisor?: ReceiverSupervisor<T>
  /** Begins to take. A source's start never rejects: what goes wrong is reported and tried again. */
  start(): void | Promise<void>
  /** Takes nothing more. Resolves when all it has taken is stored; a receiver has at least `patienceMs` to stop. */
  stop(patienceMs?: number): Promise<void>
  /**
   * What the batch takes, as plain data: logged with the allocation, so that the same batch can be given again. Sources
   * that are fed block by block have none.
   */
  plan?(time: number): unknown
  /** The batch was planned by an earlier run. */
  adopt?(time: number, planned: unknown): void
  /** Where it stands after all batches planned so far, as plain data; `restore` goes on from there, before `start`. */
  snapshot?(): unknown
  /** For a source with a receiver: the position of its last journalled block. */
  restore?(snapshot: unknown): void
  /** Instead of `restore`, where an earlier run has committed nothing: that run began at this time. */
  startedAt?(time: number): void
  /** The batch is committed and will not be asked for again: what it read may go at its origin. */
  committed?(time: number): void | Promise<void>
  /** No batch at or before `time` will be computed or asked about any more. */
  forget?(time: number): void
  /**
   * What the batch got from this stream. The number is known at once, except for files, planned ranges and received bytes
   * whose codec cannot tell it without decoding (only lines can): of those, once an output has read all of them.
   */
  info(time: number): StreamInputInfo
  /** Records per second, from backpressure. */
  setRate?(recordsPerSecond: number): void
  /** The codec of journalled bytes; `undefined` where nobody has named it. */
  codec?(id: string): Codec<T> | undefined
  /** What a start from a checkpoint is refused with, where the source cannot be recovered. */
  refusal?(): DStreamError
}

/** Spark's display name of a stream: `Socket stream [0]`. */
export function streamName(what: string, streamId: number): string {
  return `${what} stream [${streamId}]`
}
