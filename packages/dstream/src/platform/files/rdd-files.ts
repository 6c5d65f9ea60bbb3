import { basename, dirname, join, resolve } from 'node:path'
import { nothingToLoad } from '../../base/errors/sinks.js'
import { listed, pathsOf } from '../../base/glob.js'
import type { RDDFiles, Sequence } from '../../base/ports.js'
import { loadImmutable } from '../../base/values/immutable-library.js'
import { linesOf } from '../../base/lines/lines.js'
import type { Disk } from '../../durable/storage/disk.js'
import { fileDisk } from './file-disk.js'
import { files } from './files.js'
import { decodeObjects, encodeObjects } from './object-file.js'
import { DirectorySave } from './save-directory.js'

/** The length in characters at which joined lines are written. */
const PIECE_LENGTH = 64 * 1024

async function* encodeLines(lines: Sequence<string>): AsyncGenerator<Uint8Array, void, undefined> {
  let text = ''
  for await (const line of lines) {
    text += `${line}\n`
    if (text.length < PIECE_LENGTH) continue
    yield Buffer.from(text)
    text = ''
  }
  yield Buffer.from(text)
}

async function* encoded<T>(
  partitions: Sequence<Sequence<T>>,
  encode: (records: Sequence<T>) => AsyncIterable<Uint8Array>,
): AsyncGenerator<AsyncIterable<Uint8Array>, void, undefined> {
  for await (const records of partitions) yield encode(records)
}

/** The saves under way by path. They run one after the other, since two of them would write into the same place. */
const saving = new Map<string, Promise<void>>()

/** Matches the names of files that are not data. */
const HIDDEN = /^[._]/

/**
 * Returns the file or directory of a path as it is written; otherwise the matches of each pattern in its list, as in
 * Hadoop.
 * @throws `nothing-to-load`
 */
async function partsOf(path: string): Promise<string[]> {
  const literal = await partsAt(path)
  if (literal !== undefined) return literal
  const found: string[][] = []
  for (const pattern of listed(path)) {
    const paths = (await pathsOf(files, pattern)).filter((match) => !HIDDEN.test(basename(match)))
    const parts = (await Promise.all(paths.map(partsAt))).filter((those) => those !== undefined)
    if (parts.length === 0) throw nothingToLoad(pattern)
    found.push(parts.flat())
  }
  return found.flat()
}

/** Returns a file, or the files of a directory by name; `undefined` where there is neither. */
async function partsAt(path: string): Promise<string[] | undefined> {
  const entries = await files.entries(path)
  if (entries === undefined) return (await files.modifiedMs(path)) === undefined ? undefined : [path]
  const parts = entries.filter(({ name, kind }) => kind === 'file' && !HIDDEN.test(name))
  return parts.map(({ name }) => join(path, name)).sort()
}

async function wholeOf(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Returns files that save to the disk that `diskOf` gives for a directory, and load from the real file system. */
export function rddFilesOn(diskOf: (directory: string) => Disk): RDDFiles {
  const save = <T>(
    path: string,
    partitions: Sequence<Sequence<T>>,
    encode: (records: Sequence<T>) => AsyncIterable<Uint8Array>,
  ): Promise<void> => {
    const target = resolve(path)
    const save = new DirectorySave(diskOf(dirname(target)), basename(target), path)
    const now = (saving.get(target) ?? Promise.resolve()).then(() => save.save(encoded(partitions, encode)))
    const settled = now
      .catch(() => undefined)
      .then(() => {
        if (saving.get(target) === settled) saving.delete(target)
      })
    saving.set(target, settled)
    return now
  }
  return {
    saveText: (path, partitions) => save(path, partitions, encodeLines),
    saveObjects: (path, partitions) => save(path, partitions, encodeObjects),
    async *loadText(path) {
      for (const file of await partsOf(path)) yield* linesOf(files.readText(file))
    },
    async numbered(before, after) {
      const first = resolve(`${before}0${after}`)
      const start = basename(first).slice(0, -1 - after.length)
      const entries = (await files.entries(dirname(first))) ?? []
      return entries.flatMap(({ name, kind }) => {
        if (kind !== 'directory' || !name.startsWith(start) || !name.endsWith(after)) return []
        const number = name.slice(start.length, name.length - after.length)
        return /^\d+$/.test(number) ? [Number(number)] : []
      })
    },
    async *loadObjects(path) {
      await loadImmutable()
      for (const file of await partsOf(path)) yield* decodeObjects(file, await wholeOf(files.read(file)))
    },
    async *loadWholeTexts(path) {
      // The decoder drops a byte order mark.
      for (const file of await partsOf(path))
        yield [file, new TextDecoder().decode(await wholeOf(files.readText(file)))]
    },
    async *loadWholeBytes(path) {
      for (const file of await partsOf(path)) yield [file, new Uint8Array(await wholeOf(files.read(file)))]
    },
  }
}

/** The files of the real machine. */
export const rddFiles: RDDFiles = rddFilesOn(fileDisk)
