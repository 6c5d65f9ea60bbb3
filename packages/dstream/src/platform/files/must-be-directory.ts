import { stat } from 'node:fs/promises'
import { isMissing } from './missing-file.js'

/** A path that is no directory, or nothing at all. */
export class NoDirectory extends Error {}

/** Checks that a directory is there. A storage would only report that it is empty, which hides a mistyped path. @throws {NoDirectory} */
export async function mustBeDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch((error: NodeJS.ErrnoException) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (found === undefined) throw new NoDirectory(`${directory} does not exist.`)
  if (!found.isDirectory()) throw new NoDirectory(`${directory} is no directory.`)
}
