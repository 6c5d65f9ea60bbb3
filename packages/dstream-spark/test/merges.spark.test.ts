import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Ended, endJobs, jobFile, mustBeWell, startJob } from './run-job.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-test-'))
afterEach(endJobs)
afterAll(() => rmSync(folder, { recursive: true }))

const file = jobFile('merges.mjs')
/**
 * The tasks of a batch: seven map sides of four partitions, one of which is done here, and a task for each bucket of those that are
 * merged there. The updates of the two states merge their three.
 */
const TASKS = 7 * 4 - 1 + (4 + 3 + 2 + 4) + 2 * 3

let embedded: Ended
beforeAll(async () => {
  embedded = await startJob(file, undefined, { env: { THREADS: '1' } }).ended
})

test.each([
  ['local[2]', 'worker'],
  ['local-cluster[2,1,1024]', 'executor'],
])(
  'tables of many keys on %s are merged there as in one process, though the %s of a merging and of updates is killed',
  async (master, ENDS) => {
    const MARK = join(folder, master)
    const there = await startJob(file, ['--master', master], { env: { MARK, ENDS } }).ended
    mustBeWell(there)
    expect(['merging', 'update', 'mapping'].map((where) => existsSync(`${MARK}-${where}`))).toEqual([true, true, true])
    expect(there.batches).toEqual(embedded.batches)
    // One merging throws in each batch; its tables are fetched.
    expect(there.errors).toMatch(/The tables of a map side are merged in the driver: .*is merged in the driver alone/)
    expect(there.errors).not.toMatch(/has not (merged|sent)/)
    // The last batch is not reported yet.
    expect(there.tasks).toEqual({ onWorkers: TASKS, repeated: 1, onMainThread: 0 })
  },
)
