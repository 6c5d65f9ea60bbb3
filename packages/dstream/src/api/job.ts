import type { StreamingContext } from './streaming-context.js'
import type { StreamingContextOptions } from './context-options.js'
import { notAJob } from '../base/errors/context.js'
import { isProgram, moduleFile, programFile } from '../platform/main-module.js'
import { stderrLogger } from '../platform/stderr-logger.js'
import { processWide } from '../base/process-wide.js'

/** `import.meta`, or `module` in CommonJS. */
export type JobModule = ImportMeta | { readonly filename: string }

/** A job as a module defines it: everything that is needed to build its graph, here or in another thread. */
export interface Job {
  readonly file: string
  readonly options: StreamingContextOptions
  readonly define: (ssc: StreamingContext) => void | Promise<void>
}

const jobs = processWide('jobs', () => ({ byFile: new Map<string, Job>(), collecting: false }))

/** Makes a job known under its module's file, and runs it when that module is the program. Otherwise a line says why not. */
export async function defineJob(
  meta: JobModule,
  options: StreamingContextOptions,
  define: Job['define'],
  run: () => Promise<void>,
): Promise<void> {
  const file = typeof meta === 'object' && meta !== null ? moduleFile(meta) : undefined
  if (file === undefined) throw notAJob(meta)
  jobs.byFile.set(file, { file, options, define })
  const program = programFile()
  if (isProgram(file, program)) return run()
  if (jobs.collecting) return
  const logger = options?.logger ?? stderrLogger
  logger.info(
    {},
    `The job of ${file} is defined and not started, since the program is ${program ?? 'no file'}. ` +
      'Run that file itself, or build a StreamingContext in the program and start it there.',
  )
}

/** The jobs that modules loaded so far have defined, by file. */
export function definedJobs(): ReadonlyMap<string, Job> {
  return jobs.byFile
}

/** Lets modules define their jobs without a line in the log: for a tool that loads them in order to look at them. */
export function collectJobs(): void {
  jobs.collecting = true
}
