export { hostJob, type RuntimeHost } from './runtime-host.js'
export { objectStorage } from './objects/object-storage.js'
export type { Cluster, ClusterJob, ClusterStage, Logger, ObjectStore, WorkerEnd } from '../base/ports.js'
