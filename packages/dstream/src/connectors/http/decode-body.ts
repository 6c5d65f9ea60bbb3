import { loadPackage } from '../../base/optional-package.js'
import { csvMissing } from './errors.js'
import { Refusal } from './request-body.js'

const FORMATS = 'application/json, application/x-ndjson or text/csv'

/**
 * Returns the records of a body by its content type: a JSON value or the elements of a JSON array, a JSON value for each
 * line, or an object for each row of a CSV with a header.
 *
 * @throws Refusal with 400 for a body that is not what its type says, 415 for another type
 */
export async function decodeBody(body: Uint8Array, contentType: string | undefined): Promise<unknown[]> {
  const type = contentType?.split(';', 1)[0]!.trim().toLowerCase() ?? ''
  if (type === 'text/csv') return csvRows(textOf(body))
  if (type === 'application/x-ndjson' || type === 'application/jsonl' || type === 'application/x-jsonlines') {
    return jsonLines(textOf(body))
  }
  if (type !== 'application/json' && !type.endsWith('+json')) {
    throw new Refusal(415, `The content type ${type === '' ? 'is missing' : `${type} is unknown`}; send ${FORMATS}.`)
  }
  const value = json(textOf(body), 'The body')
  return Array.isArray(value) ? value : [value]
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw new Refusal(400, 'The body is no UTF-8.')
  }
}

function jsonLines(text: string): unknown[] {
  return text
    .split('\n')
    .map((line, i) => [line, i + 1] as const)
    .filter(([line]) => line.trim() !== '')
    .map(([line, number]) => json(line, `Line ${number}`))
}

function json(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Refusal(400, `${what} is no JSON: ${(error as Error).message}.`)
  }
}

type ParseCsv = (text: string, options: object) => unknown[]

/** Loads `csv-parse` for the first CSV: most receivers get none. */
async function csvRows(text: string): Promise<unknown[]> {
  const { parse } = await loadPackage<{ parse: ParseCsv }>('csv-parse', () => import('csv-parse/sync'), csvMissing)
  try {
    return parse(text, { columns: true, bom: true, skip_empty_lines: true })
  } catch (error) {
    throw new Refusal(400, `The body is no CSV: ${(error as Error).message}.`)
  }
}
