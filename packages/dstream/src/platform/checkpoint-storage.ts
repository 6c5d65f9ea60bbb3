import type { DStreamError } from '../base/errors/base.js'
import { directoryElsewhere, noFileSystem } from '../base/errors/context.js'
import type { Storage } from '../base/ports.js'
import { isUri } from '../base/uri.js'
import { fileStorage } from './files/file-storage.js'
import { objectStorage } from './objects/object-storage.js'
import { runtimeHost } from './runtime-host.js'

/** Returns the storage in a directory, or below a URI that the program which has loaded the job can reach. */
export function checkpointStorage(place: string): Storage {
  const { objects, mayMove = false } = runtimeHost()
  if (!isUri(place)) return mayMove ? refused(() => directoryElsewhere(place)) : fileStorage(place)
  return objects === undefined ? refused(() => noFileSystem(place)) : objectStorage(objects(place))
}

/** Returns a storage that refuses each call: the plan of a job can be read where the job cannot run. */
function refused(error: () => DStreamError): Storage {
  const refuse = (): Promise<never> => Promise.reject(error())
  return { append: refuse, read: refuse, put: refuse, list: refuse, delete: refuse, lock: refuse }
}
