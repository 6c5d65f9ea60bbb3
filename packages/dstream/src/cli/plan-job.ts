import { resolve } from 'node:path'
import type { MatchPlan } from '../durable/checkpoint/match.js'
import { StreamingContext } from '../api/streaming-context.js'
import { jobNotLoaded, noJobDefined } from '../base/errors/context.js'
import { definedJobs, type Job } from '../api/job.js'
import { collectJobs } from '../api/job-registry.js'
import type { Logger, Storage } from '../base/ports.js'
import { loadModule } from './load-module.js'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/**
 * Builds the graph of the job that a module defines with `StreamingContext.run`, and matches it with the stored state.
 * Starts and writes nothing.
 * @throws `job-not-loaded`, `no-job-defined`, errors of the job's own definition, and errors of `start`
 */
export async function planJob(storage: Storage, file: string): Promise<MatchPlan> {
  const { options, define } = await load(resolve(file))
  const ssc = new StreamingContext({ ...options, storage, logger: silent })
  await define(ssc)
  return ssc.planResume(storage)
}

/** Returns the job of a module, or the job that it imports if that is the only one. */
async function load(file: string): Promise<Job> {
  collectJobs()
  try {
    await loadModule(file)
  } catch (error) {
    throw jobNotLoaded(file, error)
  }
  const jobs = definedJobs()
  const job = jobs.get(file) ?? (jobs.size === 1 ? [...jobs.values()][0] : undefined)
  if (job === undefined) throw noJobDefined(file, [...jobs.keys()])
  return job
}
