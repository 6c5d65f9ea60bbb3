import { setImmediate } from 'node:timers/promises'
import { badOption } from '../../base/errors/options.js'
import { isFileFormat, type FileFormat } from '../../base/file-format.js'
import { encodeRecords } from './encode-records.js'

/** The part of a format that a sink needs. The extension may be empty. */
export type FileContents<T> = Pick<FileFormat<T, unknown>, 'extension' | 'encode'>

/** Returns contents whose records are encoded one by one: a string becomes a line, bytes are written unchanged. */
export function recordByRecord<T>(encode: (record: T) => string | Uint8Array): FileContents<T> {
  return { extension: '', encode: (records) => encodeRecords(records, encode, setImmediate) }
}

/** Returns the format if it is one. @throws `bad-option` */
export function checkFormat<W, R>(where: string, format: FileFormat<W, R>): FileFormat<W, R> {
  const given: unknown = format
  if (isFileFormat(given) && /^[a-z0-9]+(\.[a-z0-9]+)*$/i.test(given.extension)) return format
  throw badOption(where, 'format', 'a format with extension, read, decode and encode, such as csv()', given)
}
