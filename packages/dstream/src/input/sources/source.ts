import { badSplits } from '../../base/errors/receive.js'
import type { RDD } from '../../rdd/rdd.js'
import type { Logger } from '../../base/ports.js'
import type { Time } from '../../base/time/time.js'
import type { Later } from './counts.js'

/** The surroundings of one reading. */
export interface ReadOptions {
  /** Aborted when the context stops without waiting for the batch. */
  readonly signal: AbortSignal
}

/** The surroundings that a context gives to a source when it opens it. */
export interface SourceHost {
  /** The name of the stream in events and on pages: `Source stream [0]`. */
  readonly name: string
  readonly logger: Logger
  /** Whether other threads read splits as well, see `readsAnywhere`: what is read ahead here may be in vain. */
  readonly isShared?: boolean
  /**
   * Reports a failure after which the source goes on: the event `receiverError`, and a warning in the log. In another thread it
   * makes the split be read again in the thread of the batches, which then reports it.
   */
  report(message: string, error?: unknown): void
}

/** The data of a source that no batch has planned yet, counted in what the source knows. */
export interface SourceLag {
  readonly records?: number | undefined
  readonly bytes?: number | undefined
  readonly files?: number | undefined
}

/** The members that every source with positions has. A position is plain data. */
interface SourcePositions<P> {
  /** The name of the function that made the source, for plans and errors; default `fromSource`. */
  readonly kind?: string
  /** The first word of the stream's name in events and on pages: `Kafka`; default `Source`. */
  readonly name?: string
  /** Called at the start of the context, before any other method, and again when it has failed. */
  open?(host: SourceHost): void | Promise<void>
  /** Returns the position to start from without a checkpoint. */
  initial(): P | Promise<P>
  /**
   * Returns the end of the next batch: at most `limit` records after `from`, or `from` itself when there is no data.
   * `limit` is `undefined` when the rate is not limited. `plan` is not called for a batch in which the rate allows no record.
   */
  plan(from: P, limit: number | undefined, time: Time): P | Promise<P>
  /**
   * Whether an error of `open` or `initial` stays until the program is changed, such as a wrong password. `start` then rejects
   * with it. Any other error is reported, and the next batch tries again.
   */
  isPermanent?(error: unknown): boolean
  /**
   * Whether `open`, `read` and `decode` may be called in another thread of the job, which has built the same source and calls
   * nothing else of it: `read` needs nothing that `plan` has made, and no variable that changes while the job runs. With the
   * option `threads` the splits are then read where a thread is free. A read that fails there is made again here. Default
   * `false`. Streams of files are read in this way without asking for it.
   */
  readonly readsAnywhere?: boolean
  /** Called when everything up to `until` is committed; older data may be deleted. */
  committed?(until: P): void | Promise<void>
  /** Whether no data will ever follow a position. The source is then asked for no further plan. */
  ended?(position: P): boolean | Promise<boolean>
  /**
   * Returns how much data is behind a position, as far as the last `plan` has seen it: it is asked for by pages and metrics,
   * and asks nobody itself.
   */
  lag?(position: P): SourceLag | undefined
  /** Called once, after the last batch. */
  close?(): void | Promise<void>
}

/** A source that can be read again from a position, as files, logs and brokers can. */
export interface Source<T, P, R = T> extends SourcePositions<P> {
  /** Returns the records after `from` up to `until`, or a promise of them: the same ones at every call. */
  read(from: P, until: P, options: ReadOptions): Later<R>
  /** Makes a record of what `read` gives. Where it throws, `onRecordError` of the context decides. */
  decode?(read: R): T
}

/** A part of a batch that is read by itself: the range of one file, of one partition of a topic. It is plain data. */
export interface SourceSplit {
  /** The name of the part, the same in every batch: `orders-3`, `access.log`. */
  readonly name: string
  /** Whether the part ends where its data ended when the batch was planned. */
  readonly atEnd?: boolean
}

/**
 * A source whose batches are made of named splits, each of them a partition of the RDD. The splits are logged with the
 * batch, so that a batch that is run again reads the same ones.
 *
 * @example
 * const logs: Record<string, string[]> = { a: ['1', '2'], b: ['3'] }
 * const out = t.output(
 *   ssc.fromSource({
 *     initial: () => 0,
 *     plan: (line: number) => Math.min(line + 1, 2),
 *     splits: (line: number) => Object.keys(logs).map((name) => ({ name, line, atEnd: line + 1 >= logs[name]!.length })),
 *     read: ({ name, line }: { name: string; line: number }) => logs[name]!.slice(line, line + 1),
 *   }),
 * )
 * await t.run(2)
 * out.batches // [['1', '3'], ['2']]
 */
export interface SplitSource<T, P, S extends SourceSplit = SourceSplit, R = T> extends SourcePositions<P> {
  /** Returns the splits of the records after `from` up to `until`; one without records may be left out. */
  splits(from: P, until: P): readonly S[] | Promise<readonly S[]>
  /** Returns the records of a split, or a promise of them: the same ones at every call. */
  read(split: NoInfer<S>, options: ReadOptions): Later<R>
  /** Makes a record of what `read` gives. Where it throws, `onRecordError` of the context decides. */
  decode?(read: R): T
}

/** @throws `bad-splits` for what is no list of splits with names of their own */
export function checkSplits<S extends SourceSplit>(splits: readonly S[]): readonly S[] {
  const names = Array.isArray(splits) ? splits.map((split: S | null | undefined) => split?.name) : [undefined]
  const isNamed = names.every((name) => typeof name === 'string')
  if (!isNamed || new Set(names).size < names.length) throw badSplits(splits)
  return splits
}

const splitsOfNode = new WeakMap<object, readonly SourceSplit[]>()

/** Notes the splits that the partitions of an RDD were read from. */
export function withSplits<T>(rdd: RDD<T>, splits: readonly SourceSplit[]): RDD<T> {
  splitsOfNode.set(rdd.node, splits)
  return rdd
}

/**
 * Returns the splits that the partitions of an RDD are read from, in order: `splitsOf(rdd)[i]` belongs to partition i.
 * Only the RDD of the source itself has them, as in Spark's `HasOffsetRanges`; for every other one it is `undefined`.
 *
 * @example
 * const names: (string | undefined)[] = []
 * const source = {
 *   initial: () => 0,
 *   plan: (from: number) => from + 1,
 *   splits: (from: number) => [{ name: 'log', from }],
 *   read: ({ from }: { from: number }) => [from],
 * }
 * ssc.fromSource(source).foreachRDD((rdd) => void names.push(splitsOf(rdd)?.[0]?.name))
 * await t.run(1)
 * names // ['log']
 */
export function splitsOf(rdd: RDD<unknown>): readonly SourceSplit[] | undefined {
  return splitsOfNode.get(rdd.node)
}
