export { isAlive, thisProcess, type ProcessIdentity } from './process-identity.js'
export { hostJob, type RuntimeHost } from './runtime-host.js'
export type { Cluster, ClusterJob, ClusterStage, Logger, WorkerEnd } from '../base/ports.js'
