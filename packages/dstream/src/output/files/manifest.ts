import { manifestDamaged } from '../../base/errors/sinks.js'
import { crc32 } from '../../durable/log/crc32.js'

/** The file that names the batches of a file sink. A reader that follows it sees each batch once, as a whole. */
export const MANIFEST_NAME = 'manifest.jsonl'

/** One file of a batch. */
export interface ManifestFile {
  readonly name: string
  readonly records: number
  readonly bytes: number
  /** CRC-32 of the contents, as eight hexadecimal digits. */
  readonly crc32: string
}

/** One batch. A batch without records has no files. */
export interface ManifestEntry {
  readonly time: number
  readonly files: readonly ManifestFile[]
}

export interface Manifest {
  readonly entries: readonly ManifestEntry[]
  /** The end of the last good line. Bytes after it are the remains of an interrupted append. */
  readonly end: number
}

const head = { dstream: 'file-sink', format: 1 }

export function hexadecimal(crc: number): string {
  return crc.toString(16).padStart(8, '0')
}

/** Returns a line of JSON whose last member is the CRC-32 of the text before it, so that a torn line is recognised. */
function sealed(value: object): Uint8Array {
  const text = JSON.stringify(value).slice(0, -1)
  return encoder.encode(`${text},"crc32":"${hexadecimal(crc32(encoder.encode(text)))}"}\n`)
}

const encoder = new TextEncoder()
const seal = /^(.*),"crc32":"([0-9a-f]{8})"\}$/

function unsealed(line: string): object | undefined {
  const [, text, crc] = seal.exec(line) ?? []
  if (text === undefined || hexadecimal(crc32(encoder.encode(text))) !== crc) return undefined
  return JSON.parse(`${text}}`) as object
}

/** Returns the first line of a manifest. */
export function manifestHead(): Uint8Array {
  return sealed(head)
}

export function manifestLine(entry: ManifestEntry): Uint8Array {
  return sealed(entry)
}

/**
 * Reads a manifest. Every line was synced before the next one was begun, so only bytes after the last good line may be torn.
 * @throws `manifest-damaged`
 */
export function readManifest(where: string, bytes: Uint8Array): Manifest {
  const entries: ManifestEntry[] = []
  let end = 0
  let torn: number | undefined
  for (let from = 0; from < bytes.length;) {
    const lineEnd = bytes.indexOf(0x0a, from)
    const until = lineEnd === -1 ? bytes.length : lineEnd
    const line = decoder.decode(bytes.subarray(from, until))
    const value = lineEnd === -1 ? undefined : unsealed(line)
    if (from === 0) checkHead(where, value)
    else if (value === undefined) {
      torn ??= from
      // Two lines look like one when the line feed between them is damaged.
      if (lineEnd !== -1 && unsealed(line.slice(line.lastIndexOf('{"time":'))) !== undefined) {
        throw manifestDamaged(where, MANIFEST_NAME, from, 'no good line, and a good one follows')
      }
    } else if (torn !== undefined)
      throw manifestDamaged(where, MANIFEST_NAME, torn, 'no good line, and a good one follows')
    else entries.push(value as ManifestEntry)
    from = until + 1
    if (value !== undefined) end = from
  }
  if (end === 0) throw manifestDamaged(where, MANIFEST_NAME, 0, 'it is empty')
  return { entries, end }
}

const decoder = new TextDecoder()

function checkHead(where: string, value: object | undefined): void {
  const found = value as Partial<typeof head> | undefined
  if (found?.dstream !== head.dstream) {
    throw manifestDamaged(where, MANIFEST_NAME, 0, 'it does not begin like the manifest of a file sink')
  }
  if (found.format !== head.format) {
    throw manifestDamaged(where, MANIFEST_NAME, 0, `it is of format ${found.format}, this version reads ${head.format}`)
  }
}
