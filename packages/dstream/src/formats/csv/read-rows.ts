import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type * as CsvParse from 'csv-parse'
import { headerNotFitting } from '../errors.js'
import { loadFormatLibrary } from '../load-library.js'
import type { CsvSettings } from './settings.js'

/** Reads rows from bytes as they come: no more than one piece of them is in memory. */
export async function* readRows<Row>(
  bytes: AsyncIterable<Uint8Array>,
  settings: CsvSettings,
): AsyncGenerator<Row, void, undefined> {
  const { parse } = await loadParser()
  const { columns, header, delimiter, encoding } = settings
  const parser = parse({
    bom: true,
    delimiter,
    columns: header ? (names: string[]) => columnsOf(names, columns) : [...columns!],
    // A lone \r is part of a value, as it is in the files that this format writes.
    record_delimiter: ['\r\n', '\n'],
    skip_empty_lines: true,
  })
  const done = pipeline(Readable.from(textOf(bytes, encoding)), parser)
  // Reading the parser throws the error; a reader that ends before must not leave an unhandled rejection.
  done.catch(() => undefined)
  yield* parser as AsyncIterable<Row>
  await done
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
