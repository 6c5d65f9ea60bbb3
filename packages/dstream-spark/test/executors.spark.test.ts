import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { endJobs, jobFile, mustBeWell, startJob } from './run-job.js'
import { eventLog, eventsIn } from './spark-events.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-test-'))
afterEach(endJobs)
afterAll(() => rmSync(folder, { recursive: true }))

const file = jobFile('faults.mjs')
const CLUSTER = 'local-cluster[2,1,1024]'
const conf = (settings: readonly string[]): string[] => settings.flatMap((setting) => ['--conf', `spark.${setting}`])

test('executors that are idle go, and others come for the next batch, where Spark allocates them', async () => {
  const log = mkdtempSync(join(folder, 'events-'))
  const allocation = [
    'enabled=true',
    'minExecutors=0',
    'initialExecutors=1',
    'maxExecutors=2',
    'executorIdleTimeout=1s',
  ]
  const options = [
    '--master',
    CLUSTER,
    ...conf(allocation.map((setting) => `dynamicAllocation.${setting}`)),
    ...eventLog(log),
  ]
  const env = { BATCH_MS: '4000' }
  const here = await startJob(file, undefined).ended
  const there = await startJob(file, options, { env }).ended
  mustBeWell(there)
  expect(there.batches).toEqual(here.batches)
  expect(there.tasks).toMatchObject({ repeated: 0, onMainThread: 0 })
  const removed = eventsIn(log, 'ExecutorRemoved')
  const added = eventsIn(log, 'ExecutorAdded')
  expect(removed.length).toBeGreaterThan(0)
  expect(added.length).toBeGreaterThan(removed.length - 1)
})
