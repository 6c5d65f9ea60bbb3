import type { StreamingContextOptions } from './context-options.js'
import { registry, type RegisteredJob } from './job-registry.js'
import type { StreamingContext } from './streaming-context.js'

export { collectJobs } from './job-registry.js'
export type { JobModule } from './job-registry.js'

/** A job as its module has defined it: all that is needed to build its graph, here or in another thread. */
export type Job = RegisteredJob<StreamingContext, StreamingContextOptions>

/** Returns the jobs that modules loaded so far have defined, by file. */
export function definedJobs(): ReadonlyMap<string, Job> {
  return registry.byFile as ReadonlyMap<string, unknown> as ReadonlyMap<string, Job>
}
