export { isAlive, thisProcess, type ProcessIdentity } from './process-identity.js'
export { DStreamError } from '../base/errors/base.js'
export { hostJob, type RuntimeHost } from './runtime-host.js'
export { inspectCheckpoint } from '../durable/checkpoint/inspect.js'
export { NoDirectory } from './files/must-be-directory.js'
export { inspectPlace } from './inspect-place.js'
export { isUri } from '../base/uri.js'
export { checkpointStorage } from './checkpoint-storage.js'
export { objectStorage } from './objects/object-storage.js'
export type { FolderDisk } from '../durable/storage/disk.js'
export type {
  BlockFetch,
  BlockStage,
  Cluster,
  ClusterBlocks,
  ClusterJob,
  ClusterStage,
  Logger,
  ObjectStore,
  WorkerEnd,
} from '../base/ports.js'
