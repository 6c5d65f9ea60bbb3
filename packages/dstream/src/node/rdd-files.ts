import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { decodeValue, encodeValue } from '../codec/value-codec.js'
import type { RDDFiles, Sequence } from '../ports.js'

/** The values of a part as frames: four bytes of length, then the value. */
const framed = (value: unknown): Uint8Array => {
  const bytes = encodeValue(value)
  const frame = new Uint8Array(bytes.length + 4)
  new DataView(frame.buffer).setUint32(0, bytes.length, true)
  frame.set(bytes, 4)
  return frame
}

const partName = (index: number): string => `part-${String(index).padStart(5, '0')}`

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Pieces are joined up to this size before they are written. */
const chunkBytes = 64 * 1024

const writePart = async (file: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> => {
  const part = await open(file, 'w')
  try {
    let chunk: Uint8Array[] = []
    let size = 0
    const flush = async (): Promise<void> => {
      if (size > 0) await part.writeFile(Buffer.concat(chunk))
      chunk = []
      size = 0
    }
    for await (const piece of pieces) {
      chunk.push(piece)
      size += piece.length
      if (size >= chunkBytes) await flush()
    }
    await flush()
    await part.sync()
  } finally {
    await part.close()
  }
}

async function* mapped<T>(values: Sequence<T>, f: (value: T) => Uint8Array): AsyncGenerator<Uint8Array> {
  for await (const value of values) yield f(value)
}

/** Written beside, then renamed into place: readers see the old directory or the new one, whole. */
const saveDirectory = async <T>(
  path: string,
  partitions: Sequence<Sequence<T>>,
  encode: (value: T) => Uint8Array,
): Promise<void> => {
  const beside = `${path}.saving`
  const before = `${path}.before`
  await rm(beside, { recursive: true, force: true })
  await mkdir(beside, { recursive: true })
  let index = 0
  for await (const values of partitions) await writePart(join(beside, partName(index++)), mapped(values, encode))
  await writePart(join(beside, '_SUCCESS'), [])
  await syncFolder(beside)
  await rm(before, { recursive: true, force: true })
  await rename(path, before).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  await rename(beside, path)
  await syncFolder(dirname(path))
  await rm(before, { recursive: true, force: true })
}

const partsOf = async (path: string): Promise<string[]> => {
  if (!(await stat(path)).isDirectory()) return [path]
  const names = (await readdir(path)).filter((name) => !/^[._]/.test(name))
  return names.sort().map((name) => join(path, name))
}

/** Directories of the real machine: a file per partition, `part-00000` and so on, and an empty `_SUCCESS`. */
export const rddFiles: RDDFiles = {
  saveText: (path, partitions) => saveDirectory(path, partitions, (line) => Buffer.from(`${line}\n`, 'utf8')),
  saveObjects: (path, partitions) => saveDirectory(path, partitions, framed),
  async *loadText(path) {
    for (const file of await partsOf(path)) {
      yield* createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })
    }
  },
  async *loadObjects(path) {
    for (const file of await partsOf(path)) {
      const bytes = await readFile(file)
      for (let at = 0; at < bytes.length;) {
        const end = at + 4 + bytes.readUInt32LE(at)
        yield decodeValue(bytes.subarray(at + 4, end))
        at = end
      }
    }
  },
}
