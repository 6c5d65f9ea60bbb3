import { BatchMap } from '../../base/batch-map.js'
import { badPosition } from '../../base/errors/receive.js'
import { isPlain } from '../../base/built-ins.js'
import { badOption } from '../../base/errors/options.js'
import { aBoolean } from '../../base/options.js'
import { operator } from '../../streams/graph/make.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { StreamInputInfo } from '../../observe/events.js'
import type { PartitionSource } from '../../rdd/plan/lineage.js'
import type { RDD } from '../../rdd/rdd.js'
import { rddOf } from '../../rdd/rdd-of.js'
import { lowerLimit } from '../receive/rate-limiter.js'
import { Time } from '../../base/time/time.js'
import { Counts, type Later } from './counts.js'
import { streamName } from './input-source.js'
import type { InputSource, SourceHome, SplitReading } from './input-source.js'
import { Reporter } from './reporter.js'
import { checkSplits, withSplits } from './source.js'
import { partReadAnywhere, partReadHere } from './split-part.js'
import type { ReadOptions, Source, SourceLag, SourceSplit, SplitSource } from './source.js'

/** The plan of a batch, which is logged. */
interface Range<P> {
  readonly from: P
  readonly until: P
  /** Of a source with splits; absent from the logs of earlier versions. */
  readonly splits?: readonly SourceSplit[]
}

/** The part that a checkpoint stores. It has the rate, so that the first batch of the next run has a limit. */
interface PositionedSnapshot<P> {
  readonly position: P
  readonly rate?: number | undefined
}

type AnySource<T, P> = Source<T, P, any> | SplitSource<T, P, SourceSplit, any>

/**
 * Reads a source by positions: each batch is planned, logged and then read, and can be read again.
 *
 * Guarantees: every record changes the state exactly once, over any crash, as long as `read` gives the same records for
 * the same positions. A failure of `initial` or `plan`, or a position that cannot be stored, is reported, and the next
 * batch tries again.
 */
export function positioned<T, P, S extends SourceSplit>(
  home: SourceHome,
  source: SplitSource<T, P, S, any>,
): InputSource<T>
export function positioned<T, P>(home: SourceHome, source: AnySource<T, P>): InputSource<T>
export function positioned<T, P>(home: SourceHome, source: AnySource<T, P>): InputSource<T> {
  for (const name of ['initial', 'plan', 'read'] as const) {
    const able = typeof (source as AnySource<T, P> | null | undefined)?.[name] === 'function'
    if (!able) throw badOption('fromSource', 'source', `an object with the function ${name}`, source)
  }
  const { readsAnywhere } = source
  if (readsAnywhere !== undefined) aBoolean('fromSource', 'source.readsAnywhere', readsAnywhere)
  return new PositionedInput(home, source)
}

/** @throws `bad-position` for a position behind which a source would find nothing for ever */
function checked<P>(name: 'initial' | 'plan', position: P): P {
  const bad = nowhere(position)
  if (bad !== undefined) throw badPosition(name, position, bad.value)
  return position
}

/** Returns what is no place in a position: `undefined` itself, or a number that is NaN or infinite, however deep. */
function nowhere(position: unknown): { readonly value: unknown } | undefined {
  if (position === undefined) return { value: position }
  if (typeof position === 'number' && !Number.isFinite(position)) return { value: position }
  if (typeof position !== 'object' || position === null || !isPlain(position)) return undefined
  for (const part of Object.values(position) as unknown[]) {
    const bad = part === undefined ? undefined : nowhere(part)
    if (bad !== undefined) return bad
  }
  return undefined
}

class PositionedInput<T, P> implements InputSource<T> {
  readonly streamId: number
  readonly name: string
  readonly operator: Operator<T>
  readonly #home: SourceHome
  readonly #source: AnySource<T, P>
  readonly #reporter: Reporter
  readonly #counts = new Counts()
  readonly #ranges = new BatchMap<Range<P>>()
  /** The position after all batches planned so far. */
  #reached: { readonly position: P } | undefined
  #rate: number | undefined
  /** The unused fraction of a record, for rates that allow a batch less than one record. */
  #allowance = 0
  readonly #decode: ((read: unknown) => T) | undefined
  readonly #aborted = new AbortController()
  #hasEnded = false
  /** Fails the reading of a split, where this thread reads splits for another one. */
  #bad: SplitReading['bad'] | undefined
  #isOpen = false

  constructor(home: SourceHome, source: AnySource<T, P>) {
    this.#home = home
    this.#source = source
    // One function for all batches, which other threads find in the graph.
    this.#decode = source.decode && ((read) => source.decode!(read))
    this.#rate = home.rate.initialRate
    this.streamId = home.streamId
    this.name = streamName(source.name ?? 'Source', home.streamId)
    this.#reporter = new Reporter(home, this.name)
    this.operator = operator<T>({
      kind: source.kind ?? 'fromSource',
      parents: [],
      slideMs: home.slideMs,
      source: true,
      functions: this.#decode === undefined ? [] : [this.#decode],
      compute: (time) => this.#rdd(time),
    })
  }

  /** Opens the source before the first batch: those of an earlier run are read without being planned. */
  async start(): Promise<void> {
    try {
      await this.#begin()
    } catch (error) {
      if (this.#source.isPermanent?.(error) === true) throw error
      this.#reporter.report('Could not find out where to start', error)
    }
  }

  /** The batches of a graceful stop still plan and read. */
  stop(): Promise<void> {
    return Promise.resolve()
  }

  abort(reason: unknown): void {
    this.#aborted.abort(reason)
  }

  async close(): Promise<void> {
    this.#aborted.abort()
    await this.#reporter.attempt('Could not close the source', () => this.#source.close?.())
  }

  async plan(time: number): Promise<Range<P> | undefined> {
    try {
      const { position: from } = await this.#begin()
      const until = await this.#end(from, time)
      const splits = Object.is(from, until) ? undefined : await this.#splits({ from, until })
      const range: Range<P> = splits === undefined ? { from, until } : { from, until, splits }
      this.#home.blocks.mustBeStorable?.(range)
      this.adopt(time, range)
      return range
    } catch (error) {
      this.#reporter.report(`Could not plan the batch of ${time} ms; the next one tries again`, error)
      return undefined
    }
  }

  adopt(time: number, planned: unknown): void {
    if (planned === undefined) return
    const range = planned as Range<P>
    this.#ranges.set(time, range)
    this.#reached = { position: range.until }
  }

  snapshot(): PositionedSnapshot<P> | undefined {
    return this.#reached === undefined ? undefined : { ...this.#reached, rate: this.#rate }
  }

  restore(snapshot: unknown): void {
    const { position, rate } = snapshot as PositionedSnapshot<P>
    this.#reached = { position }
    this.#rate = rate ?? this.#rate
  }

  async committed(time: number): Promise<void> {
    const range = this.#ranges.get(time)
    if (range === undefined) return
    const commit = (): unknown => this.#source.committed?.(range.until)
    await this.#reporter.attempt('Could not tell the source what is committed', commit)
  }

  forget(time: number): void {
    this.#counts.forget(time)
    this.#ranges.forget(time)
  }

  info(time: number): StreamInputInfo {
    const splits = this.#ranges.get(time)?.splits?.map(({ name, atEnd }) => ({ name, atEnd }))
    return this.#counts.info(this.streamId, time, {
      ...(splits === undefined ? {} : { splits }),
      ...(this.#hasEnded ? { ended: true } : {}),
    })
  }

  lag(): SourceLag | undefined {
    return this.#reached === undefined ? undefined : this.#source.lag?.(this.#reached.position)
  }

  async readSplit(split: unknown, { signal, bad }: SplitReading): Promise<Iterable<unknown> | AsyncIterable<unknown>> {
    this.#bad = bad
    await this.#open()
    return this.#readOf(split as SourceSplit, { signal })
  }

  setRate(recordsPerSecond: number): void {
    this.#rate = recordsPerSecond
  }

  async #begin(): Promise<{ readonly position: P }> {
    await this.#open()
    return (this.#reached ??= { position: checked('initial', await this.#source.initial()) })
  }

  async #open(): Promise<void> {
    if (this.#isOpen) return
    const { logger, sc } = this.#home
    const report = (message: string, error?: unknown): void => {
      if (this.#bad === undefined) this.#reporter.report(message, error)
      else this.#bad(message, error)
    }
    await this.#source.open?.({ name: this.name, logger, isShared: sc.runtime.stages?.hasWorkers === true, report })
    this.#isOpen = true
  }

  /** Returns the whole records that the rate allows the next batch; fractions below one record add up over the batches. */
  #limit(): number | undefined {
    const perSecond = lowerLimit(this.#home.rate.maxRate, this.#rate)
    if (perSecond === undefined) return undefined
    const perBatch = (perSecond * this.#home.slideMs) / 1000
    if (perBatch >= 1) return Math.floor(perBatch)
    this.#allowance += perBatch
    // The sum of many fractions is inexact: a millionth of a record is rounding noise.
    const limit = Math.floor(this.#allowance + 1e-6)
    this.#allowance -= limit
    return limit
  }

  /** Returns the end of the batch of `time`. */
  async #end(from: P, time: number): Promise<P> {
    if (await this.#ended(from)) return from
    const limit = this.#limit()
    return limit === 0 ? from : checked('plan', await this.#source.plan(from, limit, new Time(time)))
  }

  async #ended(position: P): Promise<boolean> {
    if (!this.#hasEnded && (await this.#source.ended?.(position)) === true) {
      this.#hasEnded = true
      this.#home.logger.info({ streamId: this.streamId }, `${this.name} has ended: it will have no more data.`)
    }
    return this.#hasEnded
  }

  async #splits({ from, until }: Range<P>): Promise<readonly SourceSplit[] | undefined> {
    return 'splits' in this.#source ? checkSplits(await this.#source.splits(from, until)) : undefined
  }

  async #rdd(time: number): Promise<RDD<T>> {
    const { sc } = this.#home
    const source = this.#source
    const range = this.#ranges.get(time)
    if (range === undefined || Object.is(range.from, range.until)) return rddOf<T>(sc, [])
    await this.#open()
    const { from, until } = range
    const options: ReadOptions = { signal: this.#aborted.signal }
    if (!('splits' in source)) {
      const all: SourceSplit & Range<P> = { name: 'range', from, until }
      return this.#decoded(rddOf(sc, [this.#part(time, all, options)]))
    }
    const splits = range.splits ?? (await this.#splits(range))!
    const parts = splits.map((split) => this.#part(time, split, options))
    return withSplits(this.#decoded(rddOf(sc, parts)), splits)
  }

  #decoded(rdd: RDD<unknown>): RDD<T> {
    return this.#decode === undefined ? (rdd as RDD<T>) : rdd.map(this.#decode)
  }

  #part(time: number, split: SourceSplit, options: ReadOptions): PartitionSource<unknown> {
    const read = (): Later<unknown> => this.#readOf(split, options)
    const how = { counts: this.#counts, time, name: split.name, read }
    const isShared = this.#source.readsAnywhere === true && this.#home.sc.runtime.stages !== undefined
    return isShared ? partReadAnywhere(how, { source: this.streamId, split, ...options }) : partReadHere(how)
  }

  /** @param split of a source without splits, the range of the batch */
  #readOf(split: SourceSplit, options: ReadOptions): Later<unknown> {
    const source = this.#source
    if ('splits' in source) return source.read(split, options)
    const { from, until } = split as SourceSplit & Range<P>
    return source.read(from, until, options)
  }
}
