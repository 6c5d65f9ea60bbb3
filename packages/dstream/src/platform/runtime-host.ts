import { processWide } from '../base/process-wide.js'
import type { Cluster, ObjectStore, WorkerEnd } from '../base/ports.js'
import type { FolderDisk } from '../durable/storage/disk.js'

/** What the program that has loaded the job brings: the command of a cluster, or the worker on one of its machines. */
export interface RuntimeHost {
  /** The module of the job, where the program is another file that has been made of it. */
  readonly program?: string | undefined
  readonly cluster?: Cluster | undefined
  /** Returns the objects below a URI, which a file system of the cluster has. */
  readonly objects?: ((uri: string) => ObjectStore) | undefined
  /** Returns the folder of a URI, to save directories in. */
  readonly folder?: ((uri: string) => FolderDisk) | undefined
  /** Whether the program may be started again on another machine, which does not have the directories of this one. */
  readonly mayMove?: boolean | undefined
  /** The line to the driver, in a process that is a worker. */
  readonly workerEnd?: WorkerEnd | undefined
}

const place = processWide('runtime-host', () => ({ host: {} as RuntimeHost }))

/** Says, before the job is loaded, where its stages run. */
export function hostJob(host: RuntimeHost): void {
  place.host = host
}

export function runtimeHost(): RuntimeHost {
  return place.host
}
