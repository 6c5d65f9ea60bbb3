import { binaryRest } from '../../base/errors/receive.js'
import { aFunction, positiveInteger } from '../../base/options.js'
import type { Files } from '../../base/ports.js'
import { concat } from '../../base/bytes.js'
import { linesOf } from '../../base/lines/lines.js'
import { FileInput } from './file-input.js'
import type { FileStreamOptions, ReadFile } from './file-input.js'
import type { InputSource, SourceHome } from './input-source.js'

/** The lines of the files that appear in a directory, as UTF-8. For which files, and when: {@link FileInput}. */
export function textFile(
  home: SourceHome,
  files: Files,
  directory: string,
  options: FileStreamOptions = {},
): InputSource<string> {
  return new FileInput(home, files, 'textFileStream', directory, (path) => linesOf(files.read(path)), options)
}

/** What `read` makes of each file that appears in a directory. For which files, and when: {@link FileInput}. */
export function anyFile<T>(
  home: SourceHome,
  files: Files,
  directory: string,
  read: ReadFile<T>,
  options: FileStreamOptions = {},
): InputSource<T> {
  aFunction('fileStream', 'read', read)
  return new FileInput(home, files, 'fileStream', directory, read, options)
}

/**
 * The files that appear in a directory, as records of equal length, each a copy of its own. A file whose length is no
 * multiple of it fails its batch. For which files, and when: {@link FileInput}.
 */
export function binaryRecords(
  home: SourceHome,
  files: Files,
  directory: string,
  recordLength: number,
  options: FileStreamOptions = {},
): InputSource<Uint8Array> {
  positiveInteger('binaryRecordsStream', 'recordLength', recordLength)
  const read = (path: string): AsyncIterable<Uint8Array> => recordsOf(files.read(path), recordLength)
  return new FileInput(home, files, 'binaryRecordsStream', directory, read, options)
}

async function* recordsOf(chunks: AsyncIterable<Uint8Array>, recordLength: number): AsyncIterable<Uint8Array> {
  let waiting: Uint8Array[] = []
  let held = 0
  let length = 0
  for await (const chunk of chunks) {
    waiting.push(chunk)
    held += chunk.length
    length += chunk.length
    if (held < recordLength) continue
    const whole = concat(waiting)
    let from = 0
    for (; from + recordLength <= whole.length; from += recordLength) yield whole.slice(from, from + recordLength)
    held = whole.length - from
    waiting = held === 0 ? [] : [whole.subarray(from)]
  }
  if (held > 0) throw binaryRest(length, recordLength)
}
