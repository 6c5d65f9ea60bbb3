import { BatchMap } from '../../base/batch-map.js'
import { badOption } from '../../base/errors/options.js'
import { operator } from '../../streams/graph/make.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { StreamInputInfo } from '../../observe/events.js'
import type { PartitionSource } from '../../rdd/plan/lineage.js'
import { rddOf } from '../../rdd/rdd-of.js'
import { lowerLimit } from '../receive/rate-limiter.js'
import { Time } from '../../base/time/time.js'
import { Counts } from './counts.js'
import { streamName } from './input-source.js'
import type { InputSource, SourceHome } from './input-source.js'
import { Reporter } from './reporter.js'

/** A source with positions that can be read again: files, logs, brokers. A position is plain data. */
export interface Source<T, P> {
  /** Where to start when there is no checkpoint. */
  initial(): P | Promise<P>
  /**
   * The end of the next batch: at most `limit` records after `from`, or `from` itself when there is nothing. Not asked for
   * a batch in which the rate allows no record.
   */
  plan(from: P, limit: number | undefined, time: Time): P | Promise<P>
  /** The records after `from` up to `until`: the same ones whenever it is asked. */
  read(from: P, until: P): Iterable<T> | AsyncIterable<T>
  /** Everything up to here is committed; older data may go. */
  committed?(until: P): void | Promise<void>
  /** Called once, when the context has stopped. */
  close?(): void | Promise<void>
}

interface Range<P> {
  readonly from: P
  readonly until: P
}

/** The rate is kept too, so that the first batch of the next run has a limit. */
interface Snapshot<P> {
  readonly position: P
  readonly rate?: number | undefined
}

/**
 * A source that is read by positions: each batch is planned, logged and then read, and can be read again.
 *
 * Guarantees: every record changes the state exactly once, whatever dies and whenever, as long as `read` gives the same
 * for the same positions. Where `initial` or `plan` fail that is reported, and the next batch tries again.
 */
export function positioned<T, P>(home: SourceHome, source: Source<T, P>): InputSource<T> {
  for (const name of ['initial', 'plan', 'read'] as const) {
    const able = typeof (source as Source<T, P> | null | undefined)?.[name] === 'function'
    if (!able) throw badOption('fromSource', 'source', `an object with the function ${name}`, source)
  }
  return new PositionedInput(home, source)
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
  #standing: { readonly position: P } | undefined
  #rate: number | undefined
  /** The part of a record that batches were allowed and could not take, where a batch is allowed less than one. */
  #allowed = 0

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

  async stop(): Promise<void> {
    await this.#reporter.attempt('Could not close the source', () => this.#source.close?.())
  }

  async plan(time: number): Promise<Range<P> | undefined> {
    try {
      const { position: from } = await this.#begin()
      const limit = this.#limit()
      const until = limit === 0 ? from : await this.#source.plan(from, limit, new Time(time))
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
    this.#standing = { position: range.until }
  }

  snapshot(): Snapshot<P> | undefined {
    return this.#standing === undefined ? undefined : { ...this.#standing, rate: this.#rate }
  }

  restore(snapshot: unknown): void {
    const { position, rate } = snapshot as Snapshot<P>
    this.#standing = { position }
    this.#rate = rate ?? this.#rate
  }

  async committed(time: number): Promise<void> {
    const range = this.#ranges.get(time)
    if (range === undefined) return
    const tell = (): unknown => this.#source.committed?.(range.until)
    await this.#reporter.attempt('Could not tell the source what is committed', tell)
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
    return (this.#standing ??= { position: await this.#source.initial() })
  }

  /** Whole records for the next batch, never more than the rate; of less than one the next batches get the rest. */
  #limit(): number | undefined {
    const perSecond = lowerLimit(this.#home.rate.maxRate, this.#rate)
    if (perSecond === undefined) return undefined
    const perBatch = (perSecond * this.#home.slideMs) / 1000
    if (perBatch >= 1) return Math.floor(perBatch)
    this.#allowed += perBatch
    // The sum of many fractions: a millionth of a record is noise.
    const limit = Math.floor(this.#allowed + 1e-6)
    this.#allowed -= limit
    return limit
  }

  /** Which kind of iterable `read` gives shows when it is called; what it gave is used for the first reading. */
  #partition(time: number, { from, until }: Range<P>): PartitionSource<T> {
    let given: Iterable<T> | AsyncIterable<T> | undefined = this.#source.read(from, until)
    const next = (): Iterable<T> | AsyncIterable<T> => {
      const records = given ?? this.#source.read(from, until)
      given = undefined
      return records
    }
    return Symbol.asyncIterator in given
      ? { load: () => this.#counts.countedAsync(time, 'range', next()) }
      : { iterate: () => this.#counts.counted(time, 'range', next() as Iterable<T>) }
  }
}
