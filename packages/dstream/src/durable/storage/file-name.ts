import { badFileName } from '../../base/errors/storage.js'

/**
 * The ending of temporary files. It is this library's own, since leftovers are deleted at start and a `.tmp` could
 * belong to another program.
 */
export const TEMPORARY = '.dstream-tmp'
const goodName = /^(?!lock)[\w-][\w.-]*(\/[\w-][\w.-]*)*$/

/** Whether a file of a storage may have that name. */
export function isName(file: string): boolean {
  return goodName.test(file) && !file.endsWith(TEMPORARY)
}

/** @throws `bad-file-name` */
export function checkName(file: string): void {
  if (!isName(file)) throw badFileName(file)
}
