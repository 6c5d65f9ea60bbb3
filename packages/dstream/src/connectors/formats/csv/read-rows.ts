import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type * as CsvParse from 'csv-parse'
import type { RefuseRecord } from '../../../base/file-format.js'
import { headerNotFitting } from '../errors.js'
import { loadFormatLibrary } from '../load-library.js'
import type { CsvSettings } from './settings.js'

/** The errors of a row behind which the next one is found. Behind a quote at a wrong place inside of quotes it is not. */
const ERRORS_OF_ONE_ROW: ReadonlySet<unknown> = new Set(['CSV_RECORD_INCONSISTENT_COLUMNS', 'INVALID_OPENING_QUOTE'])

/**
 * Reads rows from bytes as they come: no more than one piece of them is in memory.
 * @param refuse called with the text of a row that is none, up to the place where that shows; without it such a row fails all
 */
export async function* readRows<Row>(
  bytes: AsyncIterable<Uint8Array>,
  settings: CsvSettings,
  refuse?: RefuseRecord,
): AsyncGenerator<Row, void, undefined> {
  const { parse } = await loadParser()
  const { columns, header, delimiter, encoding } = settings
  let isBehindHeader = !header
  const namesOf = (names: string[]): (string | false)[] => {
    isBehindHeader = true
    return columnsOf(names, columns)
  }
  const parser = parse({
    ...(refuse === undefined ? {} : refusing(refuse, () => isBehindHeader)),
    bom: true,
    delimiter,
    columns: header ? namesOf : [...columns!],
    // A lone \r is part of a value, as it is in the files that this format writes.
    record_delimiter: ['\r\n', '\n'],
    skip_empty_lines: true,
  })
  const done = pipeline(Readable.from(textOf(bytes, encoding)), parser)
  // Reading the parser throws the error; a reader that ends before must not leave an unhandled rejection.
  done.catch(() => undefined)
  if (refuse === undefined) yield* parser as AsyncIterable<Row>
  else for await (const { record } of parser as AsyncIterable<{ record: Row }>) yield record
  await done
}

/** Returns the options with which the parser leaves a bad row out, after `refuse` has returned. It ends with what `refuse` throws. */
function refusing(refuse: RefuseRecord, isBehindHeader: () => boolean): CsvParse.Options {
  let reported = ''
  return {
    // Rows come with their texts, which takes a tenth longer.
    raw: true,
    skip_records_with_error: true,
    on_skip: (error, text = '') => {
      if (!isBehindHeader() || !ERRORS_OF_ONE_ROW.has(error?.code)) throw error!
      // Each error of a row comes with the text up to it: one that continues the last one is of the same row.
      const isSameRow = text.length > reported.length && text.startsWith(reported) && reported !== ''
      reported = text
      if (!isSameRow) refuse(text.replace(/\r?\n?$/, ''), error)
      return undefined
    },
  }
}

async function loadParser(): Promise<typeof CsvParse> {
  return loadFormatLibrary<typeof CsvParse>('csv', 'csv-parse', () => import('csv-parse'))
}

/** Decodes the bytes, and throws at those that are not of the encoding: the library would replace them without a word. */
async function* textOf(bytes: AsyncIterable<Uint8Array>, encoding: string): AsyncIterable<string> {
  // The parser drops the byte order mark.
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true })
  for await (const piece of bytes) yield decoder.decode(piece, { stream: true })
  yield decoder.decode()
}

/** Returns the name of each column of the file, `false` for one that is not read. @throws `header-not-fitting` */
function columnsOf(header: readonly string[], wanted: readonly string[] | undefined): (string | false)[] {
  const twice = header.find((name, i) => header.indexOf(name) < i)
  if (twice !== undefined) throw headerNotFitting(header, `has ${JSON.stringify(twice)} twice`)
  if (header.includes('__proto__')) throw headerNotFitting(header, 'has "__proto__", which no object can hold')
  if (wanted === undefined) return [...header]
  const missing = wanted.find((name) => !header.includes(name))
  if (missing !== undefined) throw headerNotFitting(header, `has no ${JSON.stringify(missing)}`)
  return header.map((name) => wanted.includes(name) && name)
}
