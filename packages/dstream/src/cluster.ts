export { hostJob, type RuntimeHost } from './platform/runtime-host.js'
export type { Cluster, ClusterJob, ClusterStage, Logger, WorkerEnd } from './base/ports.js'
