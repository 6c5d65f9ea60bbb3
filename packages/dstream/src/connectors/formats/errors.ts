import { DStreamError } from 'dstream'
import { describe } from '../../base/text/describe.js'

export function formatLibraryMissing(format: string, library: string, cause: unknown): DStreamError {
  return new DStreamError(
    'format-library-missing',
    `${format}: the package ${library} is not installed beside dstream; run: npm install ${library}`,
    { cause },
  )
}

export function valueNotFitting(column: string, type: string, value: unknown): DStreamError {
  return new DStreamError(
    'value-not-fitting',
    `Column ${describe(column)}: ${describe(value)} is no ${type}. Convert it before, or give the column another type`,
  )
}

export function rowNotFitting(record: unknown, what: string, columns: readonly string[]): DStreamError {
  return new DStreamError(
    'row-not-fitting',
    `The record ${describe(record)} ${what}. Give an object, or an array in the order of the columns ${columns.join(', ')}`,
  )
}

export function headerNotFitting(header: readonly string[], what: string): DStreamError {
  return new DStreamError(
    'header-not-fitting',
    `The header ${describe(header)} ${what}. Name the columns of the file with columns, or give header: false where it has none`,
  )
}
