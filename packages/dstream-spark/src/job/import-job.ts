import { pathToFileURL } from 'node:url'

/**
 * Runs the bundle of a job in this process, as if the job's own module had been started.
 *
 * @throws what its top level throws
 */
export async function importJob(bundle: string, job: string, args: readonly string[]): Promise<void> {
  process.argv.splice(1, Infinity, job, ...args)
  process.setSourceMapsEnabled(true)
  await import(pathToFileURL(bundle).href)
}
