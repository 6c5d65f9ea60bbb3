import type { Clock, Logger, RDDFiles, Yielder } from '../base/ports.js'
import { isDeadLetterTarget, type DeadLetterTarget } from '../base/dead-letter-target.js'
import type { RecordError } from '../base/record-error.js'
import { describe } from '../base/text/describe.js'
import { sentence } from '../base/text/sentence.js'
import type { BlockStore, LeftOut, SourceHome } from '../input/sources/input-source.js'
import type { ListenerBus } from '../observe/listener-bus.js'
import type { Accumulators } from '../rdd/plan/accumulators.js'
import type { Broadcasts } from '../rdd/plan/broadcasts.js'
import type { Profile } from '../rdd/plan/profile.js'
import type { RDDContext } from '../rdd/rdd-context.js'
import type { RDDRuntime } from '../rdd/plan/runtime.js'
import type { StageRunner } from '../rdd/plan/stage-runner.js'
import type { Engine } from './engine.js'

const DEFAULT_BLOCK_INTERVAL_MS = 200
const DEFAULT_BUFFERED_RECORDS = 100_000
const DEFAULT_BUFFERED_BYTES = 64 * 1024 * 1024

/** The user's answer to a record on which a function throws. */
export type RecordErrorPolicy = 'fail' | 'skip' | ((error: RecordError) => 'fail' | 'skip') | DeadLetterTarget

export interface RuntimeParts {
  readonly yielder: Yielder
  /** Measures the time by operator, where a page shows it. */
  readonly profile: Profile | undefined
  readonly codegen: boolean | 'auto'
  /** Executes map sides partition by partition, where there are threads. */
  readonly stages: StageRunner | undefined
  /** The accumulators that tasks of those stages add to. */
  readonly accumulators: Accumulators
  readonly broadcasts: Broadcasts
  readonly logger: Logger
  readonly clock: Clock
  readonly files: RDDFiles
  readonly onRecordError: RecordErrorPolicy | undefined
  /** Counts a record of an operator that is left out. */
  readonly skipped: (operator: string) => void
  /** Adds a record that is left out to dead letters. */
  readonly addLetter: (target: object, error: RecordError, place: string | undefined) => void
  readonly hasDeadLetters: () => boolean
  readonly pause: (ms: number) => Promise<void>
}

/** Returns the surroundings in which the RDDs of a context are evaluated. Records that are left out are logged. */
export function rddRuntime({ onRecordError, skipped, addLetter, ...parts }: RuntimeParts): RDDRuntime {
  const { logger } = parts
  const letters = isDeadLetterTarget(onRecordError) ? onRecordError : undefined
  const leaveOut = (error: RecordError, place: string | undefined, target: object | undefined): void => {
    if (target !== undefined) addLetter(target, error, place)
    skipped(error.operator)
    const where = target === undefined ? '' : ', and sent to the dead letters'
    logger.warn({ err: error.cause }, `${sentence(error.message)} The record is left out${where}.`)
  }
  const runtime: RDDRuntime = {
    ...parts,
    leaveOut,
    onBadRecord: (record, err) =>
      logger.warn({ err }, `A received record does not decode and is left out: ${describe(record)}`),
  }
  // Without a policy the evaluation pays nothing per record for one.
  if (onRecordError === undefined || onRecordError === 'fail') return runtime
  return {
    ...runtime,
    onRecordError: (error, place) => {
      const decision = typeof onRecordError === 'function' ? onRecordError(error) : 'skip'
      if (decision === 'skip') leaveOut(error, place, letters)
      return decision
    },
  }
}

export interface SourceHomeParts {
  readonly streamId: number
  readonly batchMs: number
  readonly sc: RDDContext
  readonly clock: Clock
  readonly logger: Logger
  readonly bus: ListenerBus
  /** Records per second; `undefined` for no limit. */
  readonly maxRate: number | undefined
  readonly initialRate: number | undefined
  readonly blockIntervalMs: number | undefined
  readonly maxBufferedRecords: number | undefined
  readonly maxBufferedBytes: number | undefined
  /** Counts a received record that is left out, and sends it to the dead letters. */
  readonly skipped: (left: LeftOut) => void
  /** Whether a receiver's blocks may be worked on before their batch. */
  readonly eager: boolean
  /** Returns the engine once it is open; sources are defined before and read only after. */
  readonly engine: () => Engine
}

/** Returns the surroundings of a source: identity, limits, and the blocks of its stream in the journal. */
export function sourceHome({
  streamId,
  batchMs,
  sc,
  clock,
  logger,
  bus,
  skipped,
  eager,
  engine,
  ...limits
}: SourceHomeParts): SourceHome {
  return {
    streamId,
    slideMs: batchMs,
    sc,
    clock,
    logger,
    skipped,
    onEvent: (type, receiverInfo) => bus.emit(type, { receiverInfo }),
    rate: { maxRate: limits.maxRate, initialRate: limits.initialRate },
    blockIntervalMs: limits.blockIntervalMs ?? DEFAULT_BLOCK_INTERVAL_MS,
    limits: {
      maxBufferedRecords: limits.maxBufferedRecords ?? DEFAULT_BUFFERED_RECORDS,
      maxBufferedBytes: limits.maxBufferedBytes ?? DEFAULT_BUFFERED_BYTES,
    },
    blocks: blockStore(engine),
    // Results must not depend on what was idle: threads and clusters combine each block on its own, at whatever time.
    idle: eager && sc.runtime.stages === undefined ? () => engine().ticker.idle() : undefined,
    beginsTasks: eager && sc.runtime.stages !== undefined,
  }
}

function blockStore(engine: () => Engine): BlockStore {
  return {
    mustBeStorable: (value) => engine().journal.mustBeStorable?.(value),
    add: (block) => engine().journal.addBlock(block),
    of: (streamId, time) => engine().journal.allocation(time)?.blocks.get(streamId) ?? [],
    earlier: (streamId) => {
      const { journal } = engine()
      const waiting = journal.waiting().filter((block) => block.streamId === streamId)
      return [...waiting, ...journal.allocations().flatMap(({ blocks }) => blocks.get(streamId) ?? [])]
    },
  }
}
