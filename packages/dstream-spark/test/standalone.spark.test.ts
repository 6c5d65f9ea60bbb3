import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { endJobs, jobFile, startCommand, startJob } from './run-job.js'
import { Standalone } from './standalone.js'

const spark = new Standalone()
beforeAll(() => spark.start())
afterEach(endJobs)
afterAll(() => spark.end())

test('a job runs on a standalone master and worker on loopback', async () => {
  const here = await startJob(jobFile('slow.mjs'), undefined).ended
  const conf = ['spark.driver.host=127.0.0.1', 'spark.executor.memory=512m'].flatMap((setting) => ['--conf', setting])
  const submit = ['submit', jobFile('slow.mjs'), '--spark-home', spark.home, '--master', spark.master, ...conf]
  const there = await startCommand(submit).ended
  expect({ code: there.code, errors: there.errors }).toMatchObject({ code: 0 })
  expect(there.errors).toContain(`runs on Spark`)
  expect(there.batches).toEqual(here.batches)
  expect(there.tasks).toMatchObject({ onMainThread: 0, repeated: 0 })

  const doctor = await startCommand(['doctor', '--spark-home', spark.home, '--master', spark.master, ...conf]).ended
  expect(doctor.code).toBe(0)
  expect(doctor.printed.at(-1)).toMatch(/: one stage there and back takes [\d.]+ ms\. All is well\.$/)
})
