import { notAJob } from '../base/errors/context.js'
import type { Logger } from '../base/ports.js'
import { processWide } from '../base/process-wide.js'
import { isProgram, moduleFile, programFile } from '../platform/main-module.js'
import { stderrJsonLogger, stderrLogger } from '../platform/logs/stderr-logger.js'

/** `import.meta`, or `module` in CommonJS. */
export type JobModule = ImportMeta | { readonly filename: string }

/** A job as its module has defined it; `C` is the context that its definition is given. */
export interface RegisteredJob<C, O> {
  readonly file: string
  readonly options: O
  readonly define: (ssc: C) => void | Promise<void>
}

/** Jobs by their module's file, one list for all copies of this library in the process. */
export const registry = processWide('jobs', () => ({
  byFile: new Map<string, RegisteredJob<never, unknown>>(),
  collecting: false,
}))

/**
 * Registers a job under its module's file, and runs it when that module is the program. Otherwise a line of the log says
 * why the job is not started.
 *
 * @throws `not-a-module` when `meta` is neither `import.meta` nor `module`
 */
export async function defineJob<C, O extends { readonly logger?: Logger | 'json' | undefined }>(
  meta: JobModule,
  options: O,
  define: RegisteredJob<C, O>['define'],
  run: () => Promise<void>,
): Promise<void> {
  const file = typeof meta === 'object' && meta !== null ? moduleFile(meta) : undefined
  if (file === undefined) throw notAJob(meta)
  registry.byFile.set(file, { file, options, define })
  const program = programFile()
  if (isProgram(file, program)) return run()
  if (registry.collecting) return
  const logger = options?.logger === 'json' ? stderrJsonLogger : (options?.logger ?? stderrLogger)
  logger.info(
    {},
    `The job of ${file} is defined and not started, since the program is ${program ?? 'no file'}. ` +
      'Run that file itself, or build a StreamingContext in the program and start it there.',
  )
}

/**
 * Lets modules define their jobs without a line in the log, for a program that loads them to run or to inspect them itself.
 */
export function collectJobs(): void {
  registry.collecting = true
}
