import { noFileSystem } from '../base/errors/context.js'
import type { Storage } from '../base/ports.js'
import { fileStorage } from './files/file-storage.js'
import { objectStorage } from './objects/object-storage.js'
import { runtimeHost } from './runtime-host.js'

/** Whether a place is a URI of a file system; a single letter before the colon is a drive. */
export function isUri(place: string): boolean {
  return /^[a-z][a-z\d+.-]+:\//i.test(place)
}

/** Returns the storage in a directory, or below a URI that the program which has loaded the job can reach. */
export function checkpointStorage(place: string): Storage {
  if (!isUri(place)) return fileStorage(place)
  const { objects } = runtimeHost()
  return objects === undefined ? unreachable(place) : objectStorage(objects(place))
}

/** Returns a storage that refuses each call: the plan of a job can be read where the job cannot run. */
function unreachable(place: string): Storage {
  const refuse = (): Promise<never> => Promise.reject(noFileSystem(place))
  return { append: refuse, read: refuse, put: refuse, list: refuse, delete: refuse, lock: refuse }
}
