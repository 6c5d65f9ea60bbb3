import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { endJobs, jobFile, mustBeWell, startJob } from './run-job.js'
import { eventLog, eventsIn } from './spark-events.js'
import { Standalone } from './standalone.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-speculation-'))
const standalone = new Standalone()
afterEach(endJobs)
afterAll(() => {
  standalone.end()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
})

const file = jobFile('speculated.mjs')
const BATCHES = 3
const conf = (settings: readonly string[]): string[] => settings.flatMap((setting) => ['--conf', `spark.${setting}`])

test('a slow task gets a copy on another host, and each batch has one result of the two', async () => {
  // Spark puts a copy on a host without an attempt at the task, so that a local master never makes one.
  await standalone.start({ hosts: ['127.0.0.1', '127.0.0.2'] })
  const [log, state, hereState] = [0, 1, 2].map(() => mkdtempSync(join(folder, 'run-'))) as [string, string, string]
  const speculation = ['=true', '.interval=50ms', '.quantile=0.5', '.multiplier=1', '.minTaskRuntime=50ms']
  const settings = [
    ...['driver.host=127.0.0.1', 'executor.memory=512m', 'scheduler.minRegisteredResourcesRatio=1'],
    ...speculation.map((setting) => `speculation${setting}`),
  ]
  const options = ['--master', standalone.master, '--env', 'STATE', ...conf(settings), ...eventLog(log)]
  const here = await startJob(file, undefined, { env: { STATE: hereState } }).ended
  const running = startJob(file, options, { env: { STATE: state } })
  const there = await running.ended
  mustBeWell(there)
  expect(there.batches).toEqual(here.batches)
  expect(there.batches['seen']).toEqual([600, 1200, 1800].map((seen) => Array<number>(5).fill(seen)))

  const starts = eventsIn(log, 'TaskStart').map((event) => event as unknown as TaskStart)
  const copies = starts.filter((start) => start['Task Info'].Speculative)
  expect(copies.length).toBeGreaterThanOrEqual(BATCHES)
  // Each copy is of a task that another host has an attempt at.
  for (const copy of copies) {
    const attempts = starts.filter(
      (start) => start['Stage ID'] === copy['Stage ID'] && indexOf(start) === indexOf(copy),
    )
    expect(new Set(attempts.map((start) => start['Task Info'].Host))).toEqual(new Set(['127.0.0.1', '127.0.0.2']))
  }

  // Calls of outputs, which a copy would repeat, are made by the driver, once a partition.
  const calls = readFileSync(join(state, 'calls'), 'utf8').trim().split('\n')
  const firsts = Array.from({ length: BATCHES * 4 }, (_, i) => `${running.child.pid} ${i * 150} ${i % 4}`)
  expect(calls).toEqual(firsts)
})

/** The parts of Spark's event that the test reads. */
interface TaskStart {
  readonly 'Stage ID': number
  readonly 'Task Info': { readonly Index: number; readonly Host: string; readonly Speculative: boolean }
}

function indexOf(start: TaskStart): number {
  return start['Task Info'].Index
}
