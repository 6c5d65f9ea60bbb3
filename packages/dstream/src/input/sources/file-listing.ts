import type { Files } from '../../base/ports.js'
import { directoriesOf, join } from './glob.js'

export interface FoundFile {
  readonly path: string
  readonly modifiedMs: number
}

export interface Listing {
  /** No directory matched, or none of them exists. */
  readonly missing: boolean
  /** Every file that is there, whether wanted or not. */
  readonly paths: ReadonlySet<string>
  /** The wanted ones, oldest first; files of one age by path. */
  readonly files: readonly FoundFile[]
}

/** The files directly in the directories that a pattern means. Only those that are `wanted` are looked at closer. */
export async function listFiles(files: Files, pattern: string, wanted: (path: string) => boolean): Promise<Listing> {
  const paths = new Set<string>()
  const found: FoundFile[] = []
  let missing = true
  for (const directory of await directoriesOf(files, pattern)) {
    const entries = await files.entries(directory)
    if (entries === undefined) continue
    missing = false
    const here = entries.filter(({ kind }) => kind === 'file').map(({ name }) => join(directory, name))
    for (const path of here) paths.add(path)
    // At once: an old file may be written anew, so that many are looked at in every batch.
    const looks = here.filter(wanted).map(async (path) => ({ path, modifiedMs: await files.modifiedMs(path) }))
    for (const { path, modifiedMs } of await Promise.all(looks)) {
      if (modifiedMs !== undefined) found.push({ path, modifiedMs })
    }
  }
  found.sort((a, b) => a.modifiedMs - b.modifiedMs || (a.path < b.path ? -1 : 1))
  return { missing, paths, files: found }
}
