import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Ended, endJobs, jobFile, mustBeWell, startJob } from './run-job.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-test-'))
afterEach(endJobs)
afterAll(() => rmSync(folder, { recursive: true }))

const file = jobFile('merges.mjs')
/** The tasks of a batch: four map sides of four partitions, one of which is done here, and a task for each bucket. */
const TASKS = 4 * 4 - 1 + (4 + 3 + 2 + 4)

let embedded: Ended
beforeAll(async () => {
  embedded = await startJob(file, undefined, { env: { THREADS: '1' } }).ended
})

test.each([
  ['local[2]', 'worker'],
  ['local-cluster[2,1,1024]', 'executor'],
])(
  'tables of many keys on %s are merged there as in one process, though the %s of a merging is killed',
  async (master, ENDS) => {
    const MARK = join(folder, master)
    const there = await startJob(file, ['--master', master], { env: { MARK, ENDS } }).ended
    mustBeWell(there)
    expect(existsSync(MARK)).toBe(true)
    expect(there.batches).toEqual(embedded.batches)
    expect(there.errors).not.toMatch(/merged in the driver|has not merged/)
    // The last batch is not reported yet.
    expect(there.tasks).toEqual({ onWorkers: TASKS, repeated: 1, onMainThread: 0 })
  },
)
