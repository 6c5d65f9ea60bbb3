import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { endJobs, jobFile, mustBeWell, startJob } from './run-job.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-test-'))
afterEach(endJobs)
afterAll(() => rmSync(folder, { recursive: true }))

test.each(['local[2]', 'local-cluster[2,1,1024]'])(
  'accumulators on %s have after each batch what they have in one process, though a worker has ended in a task',
  async (master) => {
    const file = jobFile('accumulators.mjs')
    const MARK = join(folder, master)
    const here = await startJob(file, undefined).ended
    const there = await startJob(file, ['--master', master], { env: { MARK }, args: [] }).ended
    mustBeWell(there)
    expect(existsSync(MARK)).toBe(true)
    expect(there.batches).toEqual(here.batches)
    expect(here.batches['seen']!.at(-1)).toMatchObject([{ negative: expect.toSatisfy((n: number) => n > 300) }])
    expect(there.errors).toContain(
      'map sides on the cluster: reduceByKey#1, reduceByKey#2; outputs on the cluster: foreachPartition#1',
    )
    expect(there.errors).toMatch(/reads a broadcast that is destroyed, or has another value in the worker/)
    // Of the first batch, the stage whose broadcast is another one in the workers was done again here.
    expect(there.tasks.repeated).toBe(4)
    expect(there.tasks.onWorkers).toBe(2 * 2 * 4)
  },
)
