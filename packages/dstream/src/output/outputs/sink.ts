import { badOption } from '../../base/errors/options.js'
import { aFunction } from '../../base/options.js'
import { Time } from '../../base/time/time.js'
import type { AnyFunction } from '../../rdd/plan/lineage.js'
import type { PartitionContext } from '../../rdd/plan/partition-context.js'
import type { RDD } from '../../rdd/rdd.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { Attempt, OutputHost, OutputSpec } from '../../streams/graph/output.js'
import { PartitionWriter } from './partition-writer.js'

/** The surroundings that a context gives to a sink when it opens it: the job, the id of the output, the storage of a test. */
export type SinkHost = OutputHost

/** One batch for a sink, and the attempt to write it. */
export interface SinkBatch<T> {
  /** The end of the interval of the batch: the same in every attempt, and after a crash. */
  readonly time: Time
  readonly rdd: RDD<T>
  /** The number of the attempt, from 1. */
  readonly attempt: number
  /** Whether an earlier run of the program has begun the batch. */
  readonly replayed: boolean
  /** Aborted when the attempt has taken too long, or when the context stops without it. */
  readonly signal: AbortSignal
}

/** One partition of a batch, for a sink that writes by partition. */
export interface SinkPartition<T> extends Omit<SinkBatch<T>, 'rdd'> {
  /** The index of the partition, from 0. */
  readonly index: number
  readonly records: readonly T[]
}

/** The parts of a batch that a sink has prepared, in the order of the partitions. */
export interface PreparedBatch<P> extends Omit<SinkBatch<never>, 'rdd'> {
  readonly prepared: readonly P[]
}

/** The methods that every sink has. */
interface SinkLifecycle {
  /**
   * Opens the sink. Called at the start of the context, before any other method. A sink that needs nothing of its
   * surroundings may leave the parameter out.
   */
  open?(host?: SinkHost): void | Promise<void>
  /**
   * Returns the time of the last batch that the sink holds; `undefined` for an empty one. Batches come in order of time, so
   * one that is not after it has been written, and is left out.
   */
  lastCommitted(): Time | undefined | Promise<Time | undefined>
  /**
   * Returns whether the sink holds the batch of `time`, which is not after the last one. Needed only where a later batch
   * may pass one that has failed: with `order: 'any'`.
   */
  has?(time: Time): boolean | Promise<boolean>
  /** Whether an error says that the store is away for a while. The batch then waits for it, and uses up no attempt. */
  isTransient?(error: unknown): boolean
  /** `any` for a sink that only adds: later batches may pass one that is tried again. Default `batch`: in order. */
  readonly order?: 'batch' | 'any'
  /** Called once, when the context has stopped. */
  close?(): void | Promise<void>
}

/**
 * The place that an output operation writes to, exactly once: the records and the time of a batch become visible together,
 * or not at all.
 */
export interface Sink<in T> extends SinkLifecycle {
  /** Stores the records and the time in one step. The attempt has failed when the promise rejects. */
  write(batch: SinkBatch<T>): Promise<void>
}

/** A sink that can be written to without a context: once it is open, `write` needs the time and the records only. */
export interface DirectSink<in T> extends Sink<T> {
  write(batch: Pick<SinkBatch<T>, 'time' | 'rdd'>): Promise<void>
}

/**
 * A sink that writes each partition by itself, and makes all of them visible in one step. What `prepare` returns is plain
 * data, since a partition may be prepared elsewhere than the batch is committed.
 */
export interface TwoPhaseSink<in T, P = any> extends SinkLifecycle {
  /**
   * Opens the sink in a worker, which then calls `prepare` for the partitions that it has, and no other method. A sink with this method has
   * its partitions prepared where their records are: by `threads`, and on Spark's executors, whose machines have to reach the store. What
   * `prepare` returns must be plain data then, and its parts must not meet those of another run of the same partition, which a worker that
   * was given up may still be at. Without it all partitions are prepared where the batches are.
   */
  openWriter?(): void | Promise<void>
  /** Stores the records of a partition where no reader sees them. It may be called again for the same partition. */
  prepare(partition: SinkPartition<T>): Promise<P>
  /** Makes the prepared partitions and the time visible in one step. */
  commit(batch: PreparedBatch<P>): Promise<void>
}

/** Returns the value if it has the methods of a sink. @throws `bad-option` */
export function checkSink<T>(where: string, sink: Sink<T> | TwoPhaseSink<T>): Sink<T> | TwoPhaseSink<T> {
  const given = (sink ?? {}) as Partial<Sink<T>> & Partial<TwoPhaseSink<T>>
  aFunction(where, 'sink.lastCommitted', given.lastCommitted)
  if (given.prepare === undefined && given.commit === undefined) aFunction(where, 'sink.write', given.write)
  else {
    aFunction(where, 'sink.prepare', given.prepare)
    aFunction(where, 'sink.commit', given.commit)
    if (given.openWriter !== undefined) aFunction(where, 'sink.openWriter', given.openWriter)
  }
  return sink
}

const ANY_NEEDS_HAS =
  "'batch' for a sink without the function has, which alone could tell whether it holds a batch that a later one has passed"

/**
 * Returns the output operation that writes each batch to a sink.
 *
 * Guarantee: exactly once, in order of time. A batch that is run again after a crash is left out when the sink has it.
 * @throws `bad-option` for the order `any` with a sink that cannot tell which batches it holds
 */
export function toSink<T>(
  parent: Operator<T>,
  sink: Sink<T> | TwoPhaseSink<T>,
  order: 'batch' | 'any' = sink.order ?? 'batch',
): OutputSpec {
  if (order === 'any' && sink.has === undefined) throw badOption('to', 'order', ANY_NEEDS_HAS, order)
  let last: number | undefined
  const close = async (): Promise<void> => sink.close?.()
  const byPartition = 'prepare' in sink && sink.openWriter !== undefined ? preparing(sink) : undefined
  return {
    kind: 'to',
    params: {},
    parent,
    // Partitions are written from one action, whatever the sink does with them.
    handsOutRDD: !('prepare' in sink),
    ...('prepare' in sink ? {} : { rddFunction: { f: sink.write, rdds: 'rdd' } }),
    ...(byPartition && { functions: [byPartition.prepare as AnyFunction], byPartition: 'calls' }),
    delivery: { order },
    ...(sink.isTransient === undefined ? {} : { isTransient: (error: unknown) => sink.isTransient!(error) }),
    open: async (host) => {
      await sink.open?.(host)
      byPartition?.writer.opened()
      try {
        last = (await sink.lastCommitted())?.milliseconds
      } catch (error) {
        // An error of `close` says less than this one.
        await close().catch(() => undefined)
        throw error
      }
    },
    run: async (rdd, time, attempt) => {
      const at = new Time(time)
      // In order, a batch before the last one has been written or given up: it must not come after a later one.
      const asks = order === 'any' && sink.has !== undefined
      if (last !== undefined && time <= last && (!asks || (await sink.has!(at)))) {
        // The sink has the batch, and nothing has its letters yet: they come of the evaluation.
        if (rdd.context.runtime.hasDeadLetters?.() === true) await rdd.count()
        return
      }
      const batch = new AttemptedBatch(at, attempt)
      if ('prepare' in sink) {
        const prepared = await (byPartition === undefined
          ? prepareHere(sink, rdd as RDD<T>, batch)
          : prepareByPartition(byPartition.prepare, rdd as RDD<T>, time, attempt))
        await sink.commit(batch.with({ prepared }))
      } else await sink.write(batch.with({ rdd: rdd as RDD<T> }))
      last = Math.max(time, last ?? time)
    },
    lastCommitted: () => last,
    close,
  }
}

async function prepareHere<T>(sink: TwoPhaseSink<T>, rdd: RDD<T>, batch: AttemptedBatch): Promise<readonly unknown[]> {
  const prepared: unknown[] = []
  for (const [index, records] of (await rdd.glom().collect()).entries()) {
    prepared.push(await sink.prepare(batch.with({ index, records })))
  }
  return prepared
}

type Prepare = (records: Iterable<never>, context: PartitionContext) => Promise<unknown>

/** Returns the function that prepares a partition in any thread. */
function preparing(sink: TwoPhaseSink<never>): { readonly writer: PartitionWriter<never>; readonly prepare: Prepare } {
  const writer = new PartitionWriter<never>(sink)
  return { writer, prepare: (records, context) => writer.prepare(records, context) }
}

/** Prepares all partitions anew: those of an earlier attempt were perhaps what it has failed of. */
async function prepareByPartition<T>(
  prepare: Prepare,
  rdd: RDD<T>,
  time: number,
  attempt: Attempt,
): Promise<readonly unknown[]> {
  const { number, replayed } = attempt
  const done = new Map<number, unknown>()
  await rdd.callPartitions({
    f: prepare,
    attempt: { time, attempt: number, replayed },
    signalOf: () => attempt.signal,
    done,
    returns: true,
  })
  return Array.from({ length: rdd.numPartitions }, (_, i) => done.get(i))
}

/** What all calls of one attempt have in common. The signal is made when it is asked for. */
class AttemptedBatch {
  readonly time: Time
  readonly attempt: number
  readonly replayed: boolean
  readonly #attempt: Attempt

  constructor(time: Time, attempt: Attempt) {
    this.time = time
    this.attempt = attempt.number
    this.replayed = attempt.replayed
    this.#attempt = attempt
  }

  with<M extends object>(more: M): M & Omit<SinkBatch<never>, 'rdd'> {
    const { time, attempt, replayed } = this
    const own = this.#attempt
    return {
      time,
      attempt,
      replayed,
      get signal() {
        return own.signal
      },
      ...more,
    }
  }
}
