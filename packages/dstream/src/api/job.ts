import type { StreamingContext } from './streaming-context.js'
import type { StreamingContextOptions } from './context-options.js'
import { notAJob } from '../base/errors/context.js'
import { isMainModule, moduleFile } from '../platform/main-module.js'
import { processWide } from '../base/process-wide.js'

/** `import.meta`, or `module` in CommonJS. */
export type JobModule = ImportMeta | { readonly filename: string }

/** A job as a module defines it: everything that is needed to build its graph, here or in another thread. */
export interface Job {
  readonly file: string
  readonly options: StreamingContextOptions
  readonly define: (ssc: StreamingContext) => void | Promise<void>
}

const jobs = processWide('jobs', () => new Map<string, Job>())

/** Makes a job known under its module's file, and runs it when that module is the program. */
export async function defineJob(
  meta: JobModule,
  options: StreamingContextOptions,
  define: Job['define'],
  run: () => Promise<void>,
): Promise<void> {
  const file = typeof meta === 'object' && meta !== null ? moduleFile(meta) : undefined
  if (file === undefined) throw notAJob(meta)
  jobs.set(file, { file, options, define })
  if (isMainModule(file)) await run()
}

/** The jobs that modules loaded so far have defined, by file. */
export function definedJobs(): ReadonlyMap<string, Job> {
  return jobs
}
