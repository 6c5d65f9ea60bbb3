import type { Codec } from '../codec.js'
import { jsonNotAnObject } from '../errors/receive.js'
import { badOption } from '../errors/options.js'
import { aFunction, checkOptions } from '../options.js'
import { LineWalk } from './line-codec.js'
import {
  CLOSE_BRACE,
  firstItem,
  isAt,
  nextItem,
  plainStringEnd,
  QUOTE,
  skipColon,
  skipSpace,
  skipValue,
} from './scan-json.js'

/** The fields of a line, as they are read: a field that the line lacks is missing. */
export type JsonFields<K extends string> = { readonly [F in K]?: unknown }

/** The options of `jsonLines`. */
export interface JsonLinesOptions<K extends string, T> {
  /** The fields that are decoded, of the object in each line; default all. The others are checked and skipped. */
  readonly fields?: readonly K[] | undefined
  /** Makes a record of the fields. A line for which it throws is bad. Default: the fields are the record. */
  readonly read?: ((fields: JsonFields<K>) => T) | undefined
}

/** The members of a line that are looked for where the lines before had them. */
const MOST_KNOWN = 100

type Bad = (record: Uint8Array, error: unknown) => void

/** A format of one name, whatever is read of it: a program that is changed reads what an earlier one has journalled. */
const ID = 'dstream-json-lines'

/**
 * A codec of lines that hold a JSON object each, for `socketTextStream`, `textFileStream` and receivers. With `fields`, only
 * those are decoded, and the others are only checked, which takes less time than `JSON.parse` the more of a line is skipped.
 * The records are those that `JSON.parse` would give, reduced to the fields; a field that a line lacks is missing in its
 * record.
 *
 * A line that is not JSON, in a skipped field too, or that holds no object, is reported and left out. Empty lines are
 * skipped. Lines end as those of `socketTextStream`.
 *
 * @throws `bad-option` for `fields` that are no array of different strings, or a `read` that is no function
 *
 * @example
 * const posts = jsonLines({ fields: ['auteur', 'message'] })
 * ssc.socketTextStream('localhost', 6667, { codec: posts }).map((post) => String(post.auteur)).countByValue().print()
 */
export function jsonLines<const K extends string>(options: {
  readonly fields: readonly K[]
  readonly read?: undefined
}): Codec<JsonFields<K>>
export function jsonLines<const K extends string, T>(options: {
  readonly fields: readonly K[]
  readonly read: (fields: JsonFields<K>) => T
}): Codec<T>
export function jsonLines<T>(options: {
  readonly fields?: undefined
  readonly read: (fields: JsonFields<string>) => T
}): Codec<T>
export function jsonLines<T extends object, K extends keyof T & string>(options: {
  readonly fields: readonly K[]
  readonly read?: undefined
}): Codec<Pick<T, K>>
export function jsonLines<T extends object = Record<string, unknown>>(options?: {
  readonly fields?: undefined
  readonly read?: undefined
}): Codec<T>
export function jsonLines(options: JsonLinesOptions<string, unknown> = {}): Codec<unknown> {
  checkOptions('jsonLines', options, ['fields', 'read'])
  const { fields, read } = options
  if (fields !== undefined) checkFields(fields)
  if (read !== undefined) aFunction('jsonLines', 'read', read)
  const wanted = fields === undefined ? undefined : [...fields]
  return { id: ID, decode: (bytes, bad) => new JsonReader(bytes, bad, wanted, read) }
}

function checkFields(fields: unknown): void {
  const isList = Array.isArray(fields) && fields.every((field) => typeof field === 'string')
  if (isList && fields.length > 0 && new Set(fields).size === fields.length) return
  throw badOption('jsonLines', 'fields', 'an array of one or more different names', fields)
}

/** Reads a block line by line. One object is iterable and iterator: a generator would cost a tenth of the decoding. */
class JsonReader implements IterableIterator<unknown> {
  readonly #lines: LineWalk
  readonly #view: DataView
  readonly #bad: Bad
  readonly #fields: readonly string[] | undefined
  readonly #names: readonly Uint8Array[]
  readonly #read: ((fields: JsonFields<string>) => unknown) | undefined
  /** What stands before the first value of a line, the second and so on, in the first line that has so many. Most lines of a block are alike. */
  readonly #known: { readonly text: DataView; readonly field: number }[] = []
  /** The index of the field whose value comes next, -1 for none. */
  #field = -1
  /** The values of the current line, each at the index of its field. */
  readonly #values: unknown[]

  constructor(
    bytes: Uint8Array,
    bad: Bad,
    fields: readonly string[] | undefined,
    read: ((fields: JsonFields<string>) => unknown) | undefined,
  ) {
    this.#lines = new LineWalk(bytes)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#bad = bad
    this.#fields = fields
    this.#names = (fields ?? []).map((field) => Buffer.from(field))
    this.#values = this.#names.map(() => undefined)
    this.#read = read
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<unknown, undefined> {
    const lines = this.#lines
    while (lines.next()) {
      const { buffer, from, until } = lines
      const start = skipSpace(this.#view, from, until)
      if (start === until) continue
      try {
        const record = this.#scan(start, until) ?? this.#parse(buffer, from, until)
        return { done: false, value: this.#read === undefined ? record : this.#read(record) }
      } catch (error) {
        this.#bad(buffer.subarray(from, until), error)
      }
    }
    return { done: true, value: undefined }
  }

  /** Returns the fields of a line, or undefined where `JSON.parse` must decide. */
  #scan(start: number, end: number): JsonFields<string> | undefined {
    if (this.#fields === undefined) return undefined
    const bytes = this.#view
    const values = this.#values
    for (let i = 0; i < values.length; i++) values[i] = undefined
    let at = start
    for (let i = 0; ; i++) {
      const from = this.#valueAfter(at, end, i)
      if (from === -1) return undefined
      if (from < 0) return skipSpace(bytes, -2 - from, end) === end ? this.#record() : undefined
      at = this.#field === -1 ? skipValue(bytes, from, end) : this.#take(this.#field, from, end)
      if (at === -1) return undefined
    }
  }

  /**
   * Reads from the end of a value, or the beginning of the line, to the value of the next member, and sets the field that it has.
   * The result is as that of `nextItem`.
   */
  #valueAfter(at: number, end: number, index: number): number {
    const bytes = this.#view
    const known = this.#known[index]
    if (known !== undefined && isAt(bytes, at, end, known.text)) {
      this.#field = known.field
      return skipSpace(bytes, at + known.text.byteLength, end)
    }
    const key = index === 0 ? firstItem(bytes, at, end) : nextItem(bytes, at, end, CLOSE_BRACE)
    if (key < 0) return key
    if (key >= end || bytes.getUint8(key) !== QUOTE) return -1
    const quote = plainStringEnd(bytes, key + 1, end)
    // An escape in a key is rare.
    if (quote === -1) return -1
    this.#field = this.#fieldOf(bytes, key + 1, quote)
    const from = skipColon(bytes, quote + 1, end)
    if (known === undefined && from !== -1 && index < MOST_KNOWN) this.#know(index, at, from)
    return from
  }

  #know(index: number, from: number, until: number): void {
    const text = new DataView(this.#lines.buffer.buffer, this.#view.byteOffset + from, until - from)
    this.#known[index] = { text, field: this.#field }
  }

  /** Returns the index of the field with these bytes, -1 for none. */
  #fieldOf(bytes: DataView, from: number, until: number): number {
    const names = this.#names
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!
      if (name.length !== until - from) continue
      let at = 0
      while (at < name.length && name[at] === bytes.getUint8(from + at)) at++
      if (at === name.length) return i
    }
    return -1
  }

  /** Decodes the value of a field. Returns the offset behind it, -1 where it is none. */
  #take(field: number, from: number, end: number): number {
    const bytes = this.#view
    const { buffer } = this.#lines
    if (from < end && bytes.getUint8(from) === QUOTE) {
      const quote = plainStringEnd(bytes, from + 1, end)
      if (quote !== -1) {
        this.#values[field] = buffer.toString('utf8', from + 1, quote)
        return quote + 1
      }
    }
    const until = skipValue(bytes, from, end)
    if (until !== -1) this.#values[field] = JSON.parse(buffer.toString('utf8', from, until))
    return until
  }

  #record(): JsonFields<string> {
    const fields = this.#fields!
    const values = this.#values
    const record: Record<string, unknown> = {}
    for (let i = 0; i < fields.length; i++) {
      const value = values[i]
      // JSON has no undefined.
      if (value !== undefined) put(record, fields[i]!, value)
    }
    return record
  }

  #parse(bytes: Buffer, from: number, until: number): JsonFields<string> {
    const value: unknown = JSON.parse(bytes.toString('utf8', from, until))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw jsonNotAnObject(value)
    const all = value as Record<string, unknown>
    if (this.#fields === undefined) return all
    const record: Record<string, unknown> = {}
    for (const field of this.#fields) if (Object.hasOwn(all, field)) put(record, field, all[field])
    return record
  }
}

/** Sets a field as `JSON.parse` does, `__proto__` included. */
function put(record: Record<string, unknown>, field: string, value: unknown): void {
  if (field !== '__proto__') record[field] = value
  else Object.defineProperty(record, field, { value, writable: true, enumerable: true, configurable: true })
}
