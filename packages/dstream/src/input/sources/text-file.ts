import { binaryRest } from '../../base/errors/receive.js'
import { isFileFormat, type FileFormat } from '../../base/file-format.js'
import { aCodec, aFunction, checkOptions, positiveInteger } from '../../base/options.js'
import type { Files } from '../../base/ports.js'
import { concat } from '../../base/values/bytes.js'
import type { Codec } from '../../base/codec.js'
import { lineCodec } from '../../base/lines/line-codec.js'
import { decodedLines } from '../../base/lines/lines.js'
import { FILE_OPTIONS, FileInput } from './file-input.js'
import type { FileStreamOptions, TextFileOptions } from './file-input.js'
import type { FileReader, ReadDecoded, ReadFile } from './file-reading.js'
import type { InputSource, SourceHome } from './input-source.js'

/**
 * Reads the lines of the UTF-8 files, plain or compressed, that appear in a directory, as the records that a codec of lines
 * makes of them. {@link FileInput} says which files are read, and when.
 */
export function textFile<T = string>(
  home: SourceHome,
  files: Files,
  directory: string,
  options: TextFileOptions<T> = {},
): InputSource<T> {
  checkOptions('textFileStream', options, [...FILE_OPTIONS, 'codec'])
  const { codec = lineCodec as unknown as Codec<T>, ...rest } = options
  aCodec('textFileStream', codec)
  const read: ReadDecoded<T> = (path, bad) => decodedLines(files.readText(path), codec, bad)
  return new FileInput(home, files, 'textFileStream', directory, { read }, rest)
}

/** Reads the files that appear in a directory with a function or a format. {@link FileInput} says which files are read, and when. */
export function anyFile<T>(
  home: SourceHome,
  files: Files,
  directory: string,
  how: ReadFile<T> | FileFormat<never, T>,
  options: FileStreamOptions = {},
): InputSource<T> {
  const reader: FileReader<T> = isFileFormat(how)
    ? { read: (path, _, refuse) => how.read(path, refuse) }
    : byFunction(aFunction('fileStream', 'read', how))
  return new FileInput(home, files, 'fileStream', directory, reader, options)
}

/** Calls a function of the user with the path alone. */
function byFunction<T>(by: ReadFile<T>): FileReader<T> {
  return { read: (path) => by(path), by }
}

/**
 * Reads files of fixed-length records that appear in a directory. Each record is a copy. A trailing partial record fails
 * the batch. {@link FileInput} says which files are read, and when.
 *
 * @param recordLength in bytes
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
  return new FileInput(home, files, 'binaryRecordsStream', directory, { read }, options)
}

async function* recordsOf(chunks: AsyncIterable<Uint8Array>, recordLength: number): AsyncIterable<Uint8Array> {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let length = 0
  for await (const chunk of chunks) {
    waiting.push(chunk)
    waitingBytes += chunk.length
    length += chunk.length
    if (waitingBytes < recordLength) continue
    const whole = concat(waiting)
    let from = 0
    for (; from + recordLength <= whole.length; from += recordLength) yield whole.slice(from, from + recordLength)
    waitingBytes = whole.length - from
    waiting = waitingBytes === 0 ? [] : [whole.subarray(from)]
  }
  if (waitingBytes > 0) throw binaryRest(length, recordLength)
}
