import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Creates a folder and its missing parents, unless it exists.
 *
 * Node's recursive `mkdir` never returns where the system answers ENOENT although the parent exists, as in `/proc` and in
 * a working directory that was deleted.
 *
 * @throws the error of the system, such as ENOENT, EACCES or ENOTDIR
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (await isFolder(path)) return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path) throw error
    if (!(await isFolder(parent))) await makeFolder(parent, mode)
    // Another call may have made the parent since the first attempt.
    await mkdir(path, { mode }).catch(async (again: unknown) => {
      if (!(await isFolder(path))) throw again
    })
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
