import { readdirSync } from 'node:fs'
import { checkpointStorage, inspectCheckpoint, isUri } from 'dstream/cluster'
import { Misused } from './options.js'

type Storage = ReturnType<typeof checkpointStorage>

interface Copied {
  readonly from: string
  readonly to: string
  readonly files: readonly string[]
  readonly bytes: number
  readonly report: NonNullable<Awaited<ReturnType<typeof inspectCheckpoint>>>
}

/** What stands in the way of taking over a checkpoint. */
export class NotAdopted extends Error {}

/**
 * Copies a checkpoint to an empty place: from a directory to a URI, or back. Both are locked meanwhile. Returns the lines that
 * say what was copied.
 *
 * @throws {NotAdopted} @throws `storage-locked` for a place that is in use, `checkpoint-damaged`
 */
export async function adopt(from: string, to: string): Promise<readonly string[]> {
  if (from === to) throw new Misused('adopt takes two places that are not the same')
  const [source, target] = [checkpointStorage(from), checkpointStorage(to)]
  // A lock would make the directory.
  if (!isUri(from) && filesIn(from).length === 0) throw new NotAdopted(`${from} holds no checkpoint`)
  await mustBeEmpty(to, target)
  const release = await source.lock(console.error)
  try {
    const report = await inspectCheckpoint(source)
    if (report === undefined) throw new NotAdopted(`${from} holds no checkpoint`)
    const files = inOrder(await source.list(''))
    const releaseTarget = await target.lock(console.error)
    try {
      // Another program may have begun there just before the lock was taken.
      await mustBeEmpty(to, target)
      const bytes = await copy(files, source, target)
      return said({ from, to, files, bytes, report })
    } finally {
      await releaseTarget()
    }
  } finally {
    await release()
  }
}

/**
 * Returns the files in the order of a copy that may be cut at any point: a part that has no commits is refused by a start, and
 * commits are read from the oldest on.
 */
function inOrder(files: readonly string[]): string[] {
  const isCommit = (file: string): boolean => file.startsWith('commits/')
  return [...files.filter((file) => !isCommit(file)), ...files.filter(isCommit).sort().reverse()]
}

async function copy(files: readonly string[], source: Storage, target: Storage): Promise<number> {
  const copied: string[] = []
  let size = 0
  try {
    for (const file of files) {
      const bytes = (await source.read(file))!
      copied.push(file)
      await target.put(file, bytes)
      const found = await target.read(file)
      if (found === undefined || Buffer.compare(found, bytes) !== 0)
        throw new NotAdopted(`${file} does not read as it was written`)
      size += bytes.length
    }
    return size
  } catch (error) {
    for (const file of copied.reverse()) await target.delete(file).catch(() => undefined)
    throw error
  }
}

function said({ from, to, files, bytes, report }: Copied): string[] {
  const { lastCommitted: last, operators, warnings } = report
  const folders = new Map<string, number>()
  for (const file of files) {
    const [folder] = file.split('/') as [string]
    folders.set(folder, (folders.get(folder) ?? 0) + 1)
  }
  return [
    `Copied ${files.length} files, ${bytes} bytes, from ${from} to ${to}: ${[...folders].map(([folder, count]) => `${folder} ${count}`).join(', ')}.`,
    `The last batch is ${last === undefined ? 'none' : `that of ${new Date(last).toISOString()}`}; operators that keep something: ${operators.map(({ id }) => id).join(', ') || 'none'}.`,
    ...warnings.map((warning) => `Warning: ${warning}`),
    `${from} is as it was. Start the job with checkpointDir ${to}, and not with the other one again: each would go on by itself.`,
  ]
}

async function mustBeEmpty(place: string, storage: Storage): Promise<void> {
  const [file] = isUri(place) ? await storage.list('') : filesIn(place)
  if (file !== undefined)
    throw new NotAdopted(`${place} is not empty, it has ${file}: give a place that is, or delete what is there`)
}

/** Returns the files in a directory, without those of locks; none where there is no such directory. */
function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('lock.'))
      .map(({ name }) => name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new NotAdopted(`${directory} cannot be read: ${(error as Error).message}`)
  }
}
