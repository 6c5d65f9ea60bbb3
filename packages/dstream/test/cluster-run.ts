import { expect } from 'vitest'
import { loopbackCluster, type ClusterFaults } from './loopback-cluster.js'
import { jobOf, runJob, type DefineAll, type JobOptions, type Rows } from './threads-run.js'

/** Runs batches of numbers through several streams, whose stages go to a cluster. Afterwards nothing of them is left there. */
export async function onCluster(rows: Rows, define: DefineAll, options: JobOptions = {}, faults: ClusterFaults = {}) {
  const cluster = loopbackCluster(() => jobOf(rows, define, options).t.ssc, { mostSent: 0, ...faults })
  const ended = await runJob(jobOf(rows, define, options, { cluster }), rows)
  expect(cluster.kept.size).toBe(0)
  return { ...ended, cluster }
}
