import { sinkFileDamaged } from '../../base/errors/sinks.js'
import { crc32 } from '../../durable/log/crc32.js'
import { fileStorage } from '../../platform/file-storage.js'
import type { Storage } from '../../base/ports.js'
import { Time } from '../../base/time/time.js'
import { hexadecimal, MANIFEST_NAME, readManifest, type ManifestFile } from './manifest.js'
import { homeOf, type SinkHome } from './sink-home.js'

/** One batch, as a file sink has written it. */
export interface FileSinkBatch {
  readonly time: Time
  /** Without their ends, partition by partition. */
  readonly lines: readonly string[]
}

/**
 * The batches that a file sink holds now, in the order in which they were committed, each once and whole. May be read
 * while a job writes; what is committed later is not seen, and what is not committed never.
 *
 * @param place what the sink was given; a directory without a sink in it holds no batches
 * @throws `manifest-damaged`, `sink-file-damaged`
 *
 * @example
 * for await (const { time, lines } of readFileSink('out/counts')) console.log(time.milliseconds, lines)
 */
export async function* readFileSink(place: string | Storage): AsyncGenerator<FileSinkBatch, void, undefined> {
  const home = homeOf('readFileSink', place, fileStorage)
  const bytes = await home.storage.read(MANIFEST_NAME)
  if (bytes === undefined) return
  for (const { time, files } of readManifest(home.name, bytes).entries) {
    const lines: string[] = []
    for (const file of files) for (const line of await linesOf(home, file)) lines.push(line)
    yield { time: new Time(time), lines }
  }
}

async function linesOf(home: SinkHome, file: ManifestFile): Promise<string[]> {
  const bytes = await home.storage.read(file.name)
  if (bytes === undefined) throw sinkFileDamaged(home.name, file.name, 'it is not there')
  if (bytes.length !== file.bytes || hexadecimal(crc32(bytes)) !== file.crc32) {
    throw sinkFileDamaged(home.name, file.name, `${file.bytes} bytes with CRC-32 ${file.crc32} were written`)
  }
  const lines = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).split('\n')
  // Bytes that an encode function gave need not end with a line.
  if (lines.at(-1) === '') lines.pop()
  return lines
}
