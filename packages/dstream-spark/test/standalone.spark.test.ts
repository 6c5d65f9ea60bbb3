import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { findSpark } from '../src/find-spark.js'
import { endJobs, jobFile, startCommand, startJob } from './run-job.js'
import { Standalone } from './standalone.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-standalone-'))
const standalone = new Standalone(folder)
afterEach(endJobs)
afterAll(() => {
  standalone.end()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
})

const { home } = findSpark({ run: () => ({ status: 1, text: '' }) })

test('a job runs on a standalone master and worker on loopback', async () => {
  await standalone.start(['127.0.0.1'])
  const { master } = standalone
  const here = await startJob(jobFile('slow.mjs'), undefined).ended
  const conf = ['spark.driver.host=127.0.0.1', 'spark.executor.memory=512m'].flatMap((setting) => ['--conf', setting])
  const submit = ['submit', jobFile('slow.mjs'), '--spark-home', home, '--master', master, ...conf]
  const there = await startCommand(submit).ended
  expect({ code: there.code, errors: there.errors }).toMatchObject({ code: 0 })
  expect(there.errors).toContain(`runs on Spark`)
  expect(there.batches).toEqual(here.batches)
  expect(there.tasks).toMatchObject({ onMainThread: 0, repeated: 0 })

  const doctor = await startCommand(['doctor', '--spark-home', home, '--master', master, ...conf]).ended
  expect(doctor.code).toBe(0)
  expect(doctor.printed.at(-1)).toMatch(/: one stage there and back takes [\d.]+ ms\. All is well\.$/)
})
