import { BatchMap } from '../../base/batch-map.js'
import { plainError } from '../../base/errors/plain-error.js'
import { describe } from '../../base/text/describe.js'
import { textForm } from '../../base/text/text-form.js'
import type { RecordError } from '../../base/record-error.js'
import { operator } from '../../streams/graph/make.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { StreamInputInfo } from '../../observe/events.js'
import { rddOf } from '../../rdd/rdd-of.js'
import { streamName, type InputSource, type SourceHome } from './input-source.js'

/** A record that was left out of its batch, with the error that it met. It is plain data. */
export interface DeadLetter {
  /** Batch time, operator and place, `1000/map#1/0`: the same when the batch is run again. */
  readonly key: string
  /** The time of the batch in milliseconds; of a record that no batch could take, that of the next batch. */
  readonly time: number
  /** The id of the operator whose function threw, as the checkpoint and the page name it. */
  readonly operator: string
  /** The number of the letter among those of its operator and batch, from 0. */
  readonly place: number
  /** The record; its text where it cannot be stored. */
  readonly record: unknown
  readonly error: { readonly name: string; readonly message: string; readonly code?: string; readonly stack?: string }
}

interface Pending {
  readonly letter: DeadLetter
  /** The batch that was running when the record was left out; `undefined` for one that is tried again behind its batch. */
  readonly during: number | undefined
  /** Whether an earlier run of the program has stored it. */
  readonly restored: boolean
}

/**
 * Collects the records that are left out, and gives them to an output as the stream of dead letters. The output is the last
 * one of a batch, and takes what has come until then; letters that come behind it go with the next batch, and are part of
 * the commit until then.
 *
 * Guarantees: a letter of an operator is written once, over any crash, to a sink that holds every batch once: a batch that
 * is run again leaves out the same records. A letter of a function inside an output comes again when its attempt is made
 * again.
 */
export class DeadLetterInput implements InputSource<DeadLetter> {
  readonly streamId: number
  readonly name: string
  readonly operator: Operator<DeadLetter>
  readonly #home: SourceHome
  readonly #taken = new BatchMap<readonly DeadLetter[]>()
  /** Places that have a letter already, by batch: an RDD may be evaluated more than once. */
  readonly #seen = new BatchMap<Set<string>>()
  readonly #numbers = new BatchMap<Map<string, number>>()
  #pending: Pending[] = []
  /** The batch that is running. */
  #current: number | undefined
  #newest: number | undefined
  /** The last batch that the sink held when it was opened. */
  #held = -Infinity

  constructor(home: SourceHome) {
    this.#home = home
    this.streamId = home.streamId
    this.name = streamName('Dead letter', home.streamId)
    this.operator = operator<DeadLetter>({
      kind: 'deadLetters',
      parents: [],
      slideMs: home.slideMs,
      source: true,
      compute: (time) => {
        this.#begin(time)
        return rddOf(home.sc, [{ load: () => Promise.resolve(this.take(time)) }])
      },
    })
  }

  /**
   * Adds the letter of a record that is left out.
   * @param place where the record was among those of its operator
   */
  add(error: RecordError, place = ''): void {
    const known = error.time.milliseconds
    // An error outside of a batch has the epoch for its time.
    const time = known !== 0 ? known : (this.#current ?? (this.#newest ?? 0) + this.#home.slideMs)
    if (known !== 0 && !this.#isNew(time, `${error.operator} ${place} ${describe(error.record)}`)) return
    const numbers = entryOf(this.#numbers, time, () => new Map<string, number>())
    const number = numbers.get(error.operator) ?? 0
    numbers.set(error.operator, number + 1)
    const letter: DeadLetter = {
      key: `${time}/${error.operator}/${number}`,
      time,
      operator: error.operator,
      place: number,
      record: this.#storable(error.record),
      error: plainError(error.cause),
    }
    this.#pending.push({ letter, during: this.#current, restored: false })
  }

  /** Returns the letters of a batch: the same ones at every call. */
  take(time: number): readonly DeadLetter[] {
    const known = this.#taken.get(time)
    if (known !== undefined) return known
    // A batch that the sink holds has taken what was there when it first ran; later letters are new.
    const wasThere = ({ restored, during }: Pending): boolean => time > this.#held || restored || during === time
    const letters = this.#pending.filter(wasThere).map(({ letter }) => letter)
    this.#pending = this.#pending.filter((pending) => !wasThere(pending))
    this.#taken.set(time, letters)
    return letters
  }

  /** Notes the last batch that the sink held when it was opened. */
  heldUntil(time: number | undefined): void {
    this.#held = time ?? -Infinity
  }

  start(): void {}

  stop(): Promise<void> {
    return Promise.resolve()
  }

  /** Called with the commit of a batch, which ends it. */
  snapshot(): readonly DeadLetter[] {
    this.#current = undefined
    return this.#pending.map(({ letter }) => letter)
  }

  restore(snapshot: unknown): void {
    const letters = snapshot as readonly DeadLetter[]
    this.#pending = letters.map((letter) => ({ letter, during: undefined, restored: true }))
  }

  forget(time: number): void {
    for (const byTime of [this.#taken, this.#seen, this.#numbers]) byTime.forget(time)
  }

  info(time: number): StreamInputInfo {
    const letters = this.#taken.get(time)?.length ?? 0
    return { inputStreamId: this.streamId, numRecords: 0, metadata: letters === 0 ? {} : { letters } }
  }

  /** The sources of a batch are asked first; that of an earlier batch may be asked again. */
  #begin(time: number): void {
    if (time <= (this.#newest ?? -Infinity)) return
    this.#current = time
    this.#newest = time
  }

  #isNew(time: number, place: string): boolean {
    const seen = entryOf(this.#seen, time, () => new Set<string>())
    return seen.size < seen.add(place).size
  }

  #storable(record: unknown): unknown {
    try {
      this.#home.blocks.mustBeStorable?.(record)
      return record
    } catch {
      return textForm(record)
    }
  }
}

function entryOf<V>(map: BatchMap<V>, time: number, make: () => V): V {
  const known = map.get(time) ?? make()
  map.set(time, known)
  return known
}
