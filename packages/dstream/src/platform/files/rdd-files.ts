import { randomUUID } from 'node:crypto'
import { basename, dirname, join, resolve } from 'node:path'
import { noFileSystemToSave } from '../../base/errors/context.js'
import { nothingToLoad } from '../../base/errors/sinks.js'
import { listed, pathsOf } from '../../base/glob.js'
import type { PartFolder, RDDFiles, SavedForm, Sequence } from '../../base/ports.js'
import { isUri } from '../../base/uri.js'
import { loadImmutable } from '../../base/values/immutable-library.js'
import { linesOf } from '../../base/lines/lines.js'
import type { Disk, FolderDisk } from '../../durable/storage/disk.js'
import { runtimeHost } from '../runtime-host.js'
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

/** Encodes the records of a partition as the bytes of its part. */
export function encodePart(form: SavedForm, records: Sequence<unknown>): AsyncIterable<Uint8Array> {
  return form === 'text' ? encodeLines(records as Sequence<string>) : encodeObjects(records)
}

async function* encodedParts(
  form: SavedForm,
  partitions: Sequence<Sequence<unknown>>,
): AsyncGenerator<AsyncIterable<Uint8Array>, void, undefined> {
  for await (const records of partitions) yield encodePart(form, records)
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

/** Runs a save of a path behind those that are under way there. */
function inTurn(target: string, save: () => Promise<void>): Promise<void> {
  const now = (saving.get(target) ?? Promise.resolve()).then(save)
  const settled = now
    .catch(() => undefined)
    .then(() => {
      if (saving.get(target) === settled) saving.delete(target)
    })
  saving.set(target, settled)
  return now
}

/** A place at a URI: the folder that it is in, and its name there. */
interface Place {
  readonly folder: string
  readonly name: string
}

function placeOf(uri: string): Place {
  const path = uri.replace(/\/+$/, '')
  const at = path.lastIndexOf('/')
  return { folder: path.slice(0, at), name: path.slice(at + 1) }
}

/** Returns the folder of a URI. @throws `no-file-system` where this process reaches no file systems of URIs */
function hostFolder(uri: string, shown: string): FolderDisk {
  const { folder } = runtimeHost()
  if (folder === undefined) throw noFileSystemToSave(shown)
  return folder(uri)
}

/** Returns the numbers n for which there is a folder whose name is `start`, n and `end`. */
function numbersOf(folders: readonly string[], start: string, end: string): number[] {
  return folders.flatMap((name) => {
    if (!name.startsWith(start) || !name.endsWith(end)) return []
    const number = name.slice(start.length, name.length - end.length)
    return /^\d+$/.test(number) ? [Number(number)] : []
  })
}

/**
 * Returns files that save to the disk that `diskOf` gives for a directory, and load from the real file system.
 *
 * @param folderOf returns the folder of a URI
 */
export function rddFilesOn(
  diskOf: (directory: string) => Disk,
  folderOf: (uri: string, shown: string) => FolderDisk = hostFolder,
): RDDFiles {
  return {
    save(form, path, partitions) {
      const target = resolve(path)
      const save = new DirectorySave(diskOf(dirname(target)), basename(target), path)
      return inTurn(target, () => save.save(encodedParts(form, partitions)))
    },
    saveParts(path, write) {
      if (!isUri(path)) return undefined
      const { folder, name } = placeOf(path)
      const save = new DirectorySave(folderOf(folder, path), name, path)
      const parts: PartFolder = {
        uri: `${folder}/${save.written}`,
        async write(form, records) {
          const file = randomUUID()
          await save.write(`${save.written}/${file}`, encodePart(form, records))
          return file
        },
      }
      return inTurn(`${folder}/${name}`, () => save.saveWritten(() => write(parts)))
    },
    async *loadText(path) {
      for (const file of await partsOf(path)) yield* linesOf(files.readText(file))
    },
    async numbered(before, after) {
      if (isUri(before)) {
        const { folder, name } = placeOf(`${before}0${after}`)
        const names = await folderOf(folder, before).readDir('')
        const folders = names.filter((entry) => entry.endsWith('/')).map((entry) => entry.slice(0, -1))
        return numbersOf(folders, name.slice(0, -1 - after.length), after)
      }
      const first = resolve(`${before}0${after}`)
      const entries = (await files.entries(dirname(first))) ?? []
      const folders = entries.filter(({ kind }) => kind === 'directory').map(({ name }) => name)
      return numbersOf(folders, basename(first).slice(0, -1 - after.length), after)
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
