import { sinkFileDamaged } from '../../base/errors/sinks.js'
import { crc32 } from '../../durable/log/crc32.js'
import { fileStorage } from '../../platform/file-storage.js'
import type { Storage } from '../../base/ports.js'
import { Time } from '../../base/time/time.js'
import { hexadecimal, MANIFEST_NAME, readManifest, type ManifestFile } from './manifest.js'
import { sinkLocation, type SinkLocation } from './sink-location.js'

/** One batch that a file sink has written. */
export interface FileSinkBatch {
  readonly time: Time
  /** The lines without their line ends, partition by partition. */
  readonly lines: readonly string[]
}

/**
 * Reads the batches that a file sink holds now, in the order in which they were committed, each once and as a whole. They
 * may be read while a job writes: batches that are committed later are not seen, and neither are uncommitted ones.
 *
 * @param place the directory or `Storage` of the sink; a directory without a sink holds no batches
 * @throws `manifest-damaged`, `sink-file-damaged`
 *
 * @example
 * for await (const { time, lines } of readFileSink('out/counts')) console.log(time.milliseconds, lines)
 */
export async function* readFileSink(place: string | Storage): AsyncGenerator<FileSinkBatch, void, undefined> {
  const location = sinkLocation('readFileSink', place, fileStorage)
  const bytes = await location.storage.read(MANIFEST_NAME)
  if (bytes === undefined) return
  for (const { time, files } of readManifest(location.name, bytes).entries) {
    const lines: string[] = []
    for (const file of files) for (const line of await linesOf(location, file)) lines.push(line)
    yield { time: new Time(time), lines }
  }
}

async function linesOf(location: SinkLocation, file: ManifestFile): Promise<string[]> {
  const bytes = await location.storage.read(file.name)
  if (bytes === undefined) throw sinkFileDamaged(location.name, file.name, 'it is not there')
  if (bytes.length !== file.bytes || hexadecimal(crc32(bytes)) !== file.crc32) {
    throw sinkFileDamaged(location.name, file.name, `${file.bytes} bytes with CRC-32 ${file.crc32} were written`)
  }
  const lines = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).split('\n')
  // Bytes of an encode function need not end with a line end.
  if (lines.at(-1) === '') lines.pop()
  return lines
}
