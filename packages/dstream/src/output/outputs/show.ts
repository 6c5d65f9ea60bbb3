import type { OutputSpec } from '../../streams/graph/output.js'
import type { Operator } from '../../streams/graph/operator.js'
import { badOption } from '../../base/errors/options.js'
import { aString, positiveInteger } from '../../base/options.js'
import { textForm } from '../../base/text/text-form.js'

/** The forms in which a board shows a stream. */
export type ShowAs = 'table' | 'bars' | 'line' | 'number' | 'pictures' | 'log'

/**
 * What a panel of the board shows of each record. A name picks a field of an object; of a pair, `0` or `1`.
 *
 * @example
 * words.countByValue().show('Words', { as: 'bars', limit: 10, unit: 'times' })
 */
export interface ShowOptions<T> {
  /** The form; default `table`. */
  as?: ShowAs | undefined
  /** The label of a record, or the address of a picture; default the key of a pair, and the whole of another record. */
  key?: ((record: T) => unknown) | string | undefined
  /** The number of a record; default the value of a pair, and a record that is a number itself. */
  value?: ((record: T) => unknown) | string | undefined
  /** The most records that are shown, as they come; default 20, and 200 lines of a log. */
  limit?: number | undefined
  /** The unit of the numbers: `posts`, `ms`. */
  unit?: string | undefined
  /** The address that a record leads to; only http and https become links. */
  href?: ((record: T) => unknown) | string | undefined
}

/** One record as a panel shows it. */
export interface ShownRow {
  readonly cells: readonly (string | number)[]
  readonly href?: string
}

/** Takes what a batch has given to a panel. */
export type OnShown = (time: number, rows: readonly ShownRow[], columns: readonly string[]) => void

export interface ShowSpec<T> {
  readonly name: string
  readonly as: ShowAs
  readonly limit: number
  readonly unit: string | undefined
  readonly columns: (records: readonly T[]) => readonly string[]
  readonly row: (record: T, columns: readonly string[]) => ShownRow
}

const FORMS: readonly ShowAs[] = ['table', 'bars', 'line', 'number', 'pictures', 'log']
/** The names of the options of `show`. */
export const SHOW_OPTIONS = ['as', 'key', 'value', 'limit', 'unit', 'href'] as const
const DEFAULT_ROWS = 20
const DEFAULT_LINES = 200
const MAX_TEXT = 500
const MAX_COLUMNS = 12

/** Returns how a panel reads records. @throws `bad-option` */
export function showSpec<T>(name: string, options: ShowOptions<T> = {}): ShowSpec<T> {
  aString('show', 'name', name)
  const { as = 'table', limit, unit, key, value, href } = options
  if (!FORMS.includes(as)) throw badOption('show', 'as', FORMS.map((form) => `'${form}'`).join(' or '), as)
  if (unit !== undefined) aString('show', 'unit', unit)
  const rows =
    limit === undefined ? (as === 'log' ? DEFAULT_LINES : DEFAULT_ROWS) : positiveInteger('show', 'limit', limit)
  const read = { key: reader('key', key), value: reader('value', value), href: reader('href', href) }
  const named = [nameOf(key) ?? 'key', nameOf(value) ?? unit ?? 'value']
  const isTable = as === 'table' && read.key === undefined && read.value === undefined
  return {
    name,
    as,
    limit: rows,
    unit,
    columns: (records) => (isTable ? columnsOf(records) : as === 'table' ? named : []),
    row: (record, columns) => {
      const cells = isTable ? tableCells(record, columns) : pairCells(record, as, read)
      const link = read.href === undefined ? undefined : linkOf(read.href(record))
      return link === undefined ? { cells } : { cells, href: link }
    },
  }
}

/** Shows the first records of each batch on the board. Evaluates no more records than are needed for that. */
export function show<T>(parent: Operator<T>, spec: ShowSpec<T>, shown: OnShown): OutputSpec {
  const { name, as, limit, unit } = spec
  return {
    kind: 'show',
    params: { name, as, limit, ...(unit === undefined ? {} : { unit }) },
    parent,
    handsOutRDD: false,
    run: async (rdd, time) => {
      const records = (await rdd.take(as === 'number' ? 1 : limit)) as T[]
      const columns = spec.columns(records)
      shown(
        time,
        records.map((record) => spec.row(record, columns)),
        columns,
      )
    },
  }
}

type Accessor<T> = (record: T) => unknown

/** A field is the name of its column; a position in a pair is none. */
function nameOf(given: unknown): string | undefined {
  return typeof given === 'string' && !/^\d+$/.test(given) ? given : undefined
}

function reader<T>(name: string, given: Accessor<T> | string | undefined): Accessor<T> | undefined {
  if (given === undefined || typeof given === 'function') return given
  if (typeof given !== 'string') throw badOption('show', name, 'a function or the name of a field', given)
  return (record) => fieldOf(record, given)
}

function fieldOf(record: unknown, name: string): unknown {
  return typeof record === 'object' && record !== null ? (record as Record<string, unknown>)[name] : undefined
}

function isPair(record: unknown): record is readonly [unknown, unknown] {
  return Array.isArray(record) && record.length === 2
}

function pairCells<T>(
  record: T,
  as: ShowAs,
  read: { readonly key: Accessor<T> | undefined; readonly value: Accessor<T> | undefined },
): (string | number)[] {
  const key = read.key === undefined ? (isPair(record) ? record[0] : record) : read.key(record)
  if (as === 'log' && read.value === undefined) return [text(read.key === undefined ? record : key)]
  const value = read.value === undefined ? (isPair(record) ? record[1] : record) : read.value(record)
  // A stream of plain numbers is one line, and one number.
  const isLabelled = isPair(record) || read.key !== undefined
  return [isLabelled || as === 'table' ? text(key) : '', cell(value)]
}

function columnsOf(records: readonly unknown[]): readonly string[] {
  const first = records[0]
  if (typeof first !== 'object' || first === null) return ['value']
  if (isPair(first)) return ['key', 'value']
  return Array.isArray(first)
    ? first.slice(0, MAX_COLUMNS).map((_, i) => String(i))
    : Object.keys(first).slice(0, MAX_COLUMNS)
}

function tableCells(record: unknown, columns: readonly string[]): (string | number)[] {
  if (typeof record !== 'object' || record === null) return [cell(record)]
  if (Array.isArray(record)) return columns.map((_, i) => cell((record as unknown[])[i]))
  return columns.map((column) => cell(fieldOf(record, column)))
}

function cell(value: unknown): string | number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  return value === undefined ? '' : text(value)
}

function text(value: unknown): string {
  const whole = textForm(value)
  return whole.length > MAX_TEXT ? `${whole.slice(0, MAX_TEXT)}…` : whole
}

/** Returns an address of the web; records are strangers' data, and other schemes can do harm. */
function linkOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined
  const { protocol, href } = new URL(value)
  return protocol === 'http:' || protocol === 'https:' ? href : undefined
}
