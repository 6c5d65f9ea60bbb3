import { BatchMap } from '../../base/batch-map.js'
import { badPosition } from '../../base/errors/receive.js'
import { isPlain } from '../../base/is-plain.js'
import { badOption } from '../../base/errors/options.js'
import { notIterable } from '../../base/errors/rdd.js'
import { operator } from '../../streams/graph/make.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { StreamInputInfo } from '../../observe/events.js'
import type { PartitionSource } from '../../rdd/plan/lineage.js'
import { rddOf } from '../../rdd/rdd-of.js'
import { lowerLimit } from '../receive/rate-limiter.js'
import { Time } from '../../base/time/time.js'
import { Counts, isIterable, type Later } from './counts.js'
import { streamName } from './input-source.js'
import type { InputSource, SourceHome } from './input-source.js'
import { Reporter } from './reporter.js'

/** A source that can be read again from a position, as files, logs and brokers can. A position is plain data. */
export interface Source<T, P> {
  /** Returns the position to start from without a checkpoint. */
  initial(): P | Promise<P>
  /**
   * Returns the end of the next batch: at most `limit` records after `from`, or `from` itself when there is no data.
   * `limit` is `undefined` when the rate is not limited. `plan` is not called for a batch in which the rate allows no record.
   */
  plan(from: P, limit: number | undefined, time: Time): P | Promise<P>
  /** Returns the records after `from` up to `until`, or a promise of them: the same ones at every call. */
  read(from: P, until: P): Iterable<T> | AsyncIterable<T> | Promise<Iterable<T> | AsyncIterable<T>>
  /** Called when everything up to `until` is committed; older data may be deleted. */
  committed?(until: P): void | Promise<void>
  /** Called once, after the last batch. */
  close?(): void | Promise<void>
}

interface Range<P> {
  readonly from: P
  readonly until: P
}

/** The part that a checkpoint stores. It has the rate, so that the first batch of the next run has a limit. */
interface Snapshot<P> {
  readonly position: P
  readonly rate?: number | undefined
}

/**
 * Reads a source by positions: each batch is planned, logged and then read, and can be read again.
 *
 * Guarantees: every record changes the state exactly once, over any crash, as long as `read` gives the same records for
 * the same positions. A failure of `initial` or `plan`, or a position that cannot be stored, is reported, and the next
 * batch tries again.
 */
export function positioned<T, P>(home: SourceHome, source: Source<T, P>): InputSource<T> {
  for (const name of ['initial', 'plan', 'read'] as const) {
    const able = typeof (source as Source<T, P> | null | undefined)?.[name] === 'function'
    if (!able) throw badOption('fromSource', 'source', `an object with the function ${name}`, source)
  }
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
  readonly #source: Source<T, P>
  readonly #reporter: Reporter
  readonly #counts = new Counts()
  readonly #ranges = new BatchMap<Range<P>>()
  /** The position after all batches planned so far. */
  #reached: { readonly position: P } | undefined
  #rate: number | undefined
  /** The unused fraction of a record, for rates that allow a batch less than one record. */
  #allowance = 0

  constructor(home: SourceHome, source: Source<T, P>) {
    this.#home = home
    this.#source = source
    this.#rate = home.rate.initialRate
    this.streamId = home.streamId
    this.name = streamName('Source', home.streamId)
    this.#reporter = new Reporter(home, this.name)
    this.operator = operator<T>({
      kind: 'fromSource',
      parents: [],
      slideMs: home.slideMs,
      source: true,
      compute: (time) => {
        const range = this.#ranges.get(time)
        const nothing = range === undefined || Object.is(range.from, range.until)
        return rddOf(home.sc, nothing ? [] : [this.#partition(time, range)])
      },
    })
  }

  async start(): Promise<void> {
    await this.#reporter.attempt('Could not find out where to start', () => this.#begin())
  }

  /** The batches of a graceful stop still plan and read. */
  stop(): Promise<void> {
    return Promise.resolve()
  }

  async close(): Promise<void> {
    await this.#reporter.attempt('Could not close the source', () => this.#source.close?.())
  }

  async plan(time: number): Promise<Range<P> | undefined> {
    try {
      const { position: from } = await this.#begin()
      const limit = this.#limit()
      const until = limit === 0 ? from : checked('plan', await this.#source.plan(from, limit, new Time(time)))
      this.#home.blocks.mustBeStorable?.([from, until])
      this.adopt(time, { from, until })
      return { from, until }
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

  snapshot(): Snapshot<P> | undefined {
    return this.#reached === undefined ? undefined : { ...this.#reached, rate: this.#rate }
  }

  restore(snapshot: unknown): void {
    const { position, rate } = snapshot as Snapshot<P>
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
    return this.#counts.info(this.streamId, time)
  }

  setRate(recordsPerSecond: number): void {
    this.#rate = recordsPerSecond
  }

  async #begin(): Promise<{ readonly position: P }> {
    return (this.#reached ??= { position: checked('initial', await this.#source.initial()) })
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

  /** Calls `read` at once, because only its result shows whether it is asynchronous. The first reading uses that result. */
  #partition(time: number, { from, until }: Range<P>): PartitionSource<T> {
    let given: Later<T> | undefined = this.#source.read(from, until)
    const next = (): Later<T> => {
      const records = given ?? this.#source.read(from, until)
      given = undefined
      return records
    }
    const isPromise = typeof (given as { then?: unknown } | null | undefined)?.then === 'function'
    if (!isPromise && !isIterable(given)) throw notIterable('fromSource', given)
    return isPromise || Symbol.asyncIterator in given
      ? { load: () => this.#counts.countedAsync(time, 'range', 'fromSource', next()) }
      : { iterate: () => this.#counts.counted(time, 'range', next() as Iterable<T>) }
  }
}
