import type { Files } from '../../base/ports.js'
import { directoriesOf, join } from '../../base/glob.js'

export interface FoundFile {
  readonly path: string
  readonly modifiedMs: number
}

export interface Listing {
  /** No directory matched, or none of them exists. */
  readonly missing: boolean
  /** The paths of all files, wanted or not. */
  readonly paths: ReadonlySet<string>
  /** The wanted files, oldest first; files of the same date by path. */
  readonly files: readonly FoundFile[]
}

/** Lists the files directly in the directories that match a pattern. Only the date of `wanted` files is read. */
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
    // All dates are read in parallel: an old file may be rewritten, so every batch reads many of them.
    const dated = here.filter(wanted).map(async (path) => ({ path, modifiedMs: await files.modifiedMs(path) }))
    for (const { path, modifiedMs } of await Promise.all(dated)) {
      if (modifiedMs !== undefined) found.push({ path, modifiedMs })
    }
  }
  found.sort((a, b) => a.modifiedMs - b.modifiedMs || (a.path < b.path ? -1 : 1))
  return { missing, paths, files: found }
}
