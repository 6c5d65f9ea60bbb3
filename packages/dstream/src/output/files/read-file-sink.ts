import { sinkFileDamaged } from '../../base/errors/sinks.js'
import { thrownText } from '../../base/errors/error-text.js'
import type { FileFormat } from '../../base/file-format.js'
import { checkOptions } from '../../base/options.js'
import { crc32 } from '../../durable/log/crc32.js'
import { fileStorage } from '../../platform/files/file-storage.js'
import type { Storage } from '../../base/ports.js'
import { Time } from '../../base/time/time.js'
import { checkFormat } from './file-contents.js'
import { hexadecimal, MANIFEST_NAME, readManifest, type ManifestFile } from './manifest.js'
import { sinkLocation, type SinkLocation } from './sink-location.js'

/** One batch that a file sink has written. */
export interface FileSinkBatch {
  readonly time: Time
  /** The lines without their line ends, partition by partition. */
  readonly lines: readonly string[]
}

/** One batch that a file sink has written in a format. */
export interface FileSinkRecords<R> {
  readonly time: Time
  /** The records, partition by partition. */
  readonly records: readonly R[]
}

/** The options of `readFileSink`. */
export interface ReadFileSinkOptions<R> {
  /** The format that the sink has been given. */
  readonly format: FileFormat<never, R>
}

/**
 * Reads the batches that a file sink holds now, in the order in which they were committed, each once and as a whole. They
 * may be read while a job writes: batches that are committed later are not seen, and neither are uncommitted ones. A batch has
 * `lines`, or `records` where the format of the sink is given.
 *
 * @param place the directory or `Storage` of the sink; a directory without a sink holds no batches
 * @throws `manifest-damaged`, `sink-file-damaged`
 *
 * @example
 * for await (const { time, lines } of readFileSink('out/counts')) console.log(time.milliseconds, lines)
 */
export function readFileSink(place: string | Storage): AsyncGenerator<FileSinkBatch, void, undefined>
export function readFileSink<R>(
  place: string | Storage,
  options: ReadFileSinkOptions<R>,
): AsyncGenerator<FileSinkRecords<R>, void, undefined>
export async function* readFileSink<R>(
  place: string | Storage,
  options?: ReadFileSinkOptions<R>,
): AsyncGenerator<FileSinkBatch | FileSinkRecords<R>, void, undefined> {
  const location = sinkLocation('readFileSink', place, fileStorage)
  checkOptions('readFileSink', options, ['format'])
  const format = options && checkFormat('readFileSink', options.format)
  const bytes = await location.storage.read(MANIFEST_NAME)
  if (bytes === undefined) return
  for (const { time, files } of readManifest(location.name, bytes).entries) {
    if (format === undefined) {
      const lines: string[] = []
      for (const file of files) for (const line of linesIn(await contentsOf(location, file))) lines.push(line)
      yield { time: new Time(time), lines }
    } else {
      const records: R[] = []
      for (const file of files) for await (const record of recordsIn(location, file, format)) records.push(record)
      yield { time: new Time(time), records }
    }
  }
}

async function* recordsIn<R>(
  location: SinkLocation,
  file: ManifestFile,
  format: FileFormat<never, R>,
): AsyncIterable<R> {
  const bytes = await contentsOf(location, file)
  try {
    yield* format.decode(bytes)
  } catch (error) {
    throw sinkFileDamaged(location.name, file.name, `it is no ${format.extension} file: ${thrownText(error)}`)
  }
}

/** @throws `sink-file-damaged` */
async function contentsOf(location: SinkLocation, file: ManifestFile): Promise<Uint8Array> {
  const bytes = await location.storage.read(file.name)
  if (bytes === undefined) throw sinkFileDamaged(location.name, file.name, 'it is not there')
  if (bytes.length !== file.bytes || hexadecimal(crc32(bytes)) !== file.crc32) {
    throw sinkFileDamaged(location.name, file.name, `${file.bytes} bytes with CRC-32 ${file.crc32} were written`)
  }
  return bytes
}

function linesIn(bytes: Uint8Array): string[] {
  const lines = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).split('\n')
  // Bytes of an encode function need not end with a line end.
  if (lines.at(-1) === '') lines.pop()
  return lines
}
