import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
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
  const [saved, hereSaved] = [join(state, 'saved'), join(hereState, 'saved')]
  const here = await startJob(file, undefined, { env: { STATE: hereState, PREFIX: `${hereSaved}/numbers` } }).ended
  const running = startJob(file, [...options, '--env', 'PREFIX'], {
    env: { STATE: state, PREFIX: `${pathToFileURL(saved).href}/numbers` },
  })
  const there = await running.ended
  mustBeWell(there)
  expect(there.batches).toEqual(here.batches)
  expect(there.batches['seen']).toEqual([600, 1200, 1800].map((seen) => Array<number>(5).fill(seen)))

  const starts = eventsIn(log, 'TaskStart').map((event) => event as unknown as TaskStart)
  const copies = starts.filter((start) => start['Task Info'].Speculative)
  // In each batch one for the sums, and one for what is saved.
  expect(copies.length).toBeGreaterThanOrEqual(BATCHES * 2)
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

  // Two attempts at a part write two files, and the one whose reply counts is the part.
  expect(contentsOf(saved)).toEqual(contentsOf(hereSaved))
  expect(there.errors).toMatch(
    /outputs on the cluster: saveAsTextFiles#1; in the driver: .* foreachPartition#1 \(Spark may run a task of it twice at once \(spark\.speculation\)\)/,
  )
})

/** Returns the files of each batch, in order. Nothing else is there. */
function contentsOf(folder: string): readonly (readonly string[])[] {
  const directories = readdirSync(folder).sort().slice(0, BATCHES)
  return directories.map((directory) => {
    const names = readdirSync(join(folder, directory)).sort()
    return names.map((name) => `${name}: ${readFileSync(join(folder, directory, name), 'utf8')}`)
  })
}

/** The parts of Spark's event that the test reads. */
interface TaskStart {
  readonly 'Stage ID': number
  readonly 'Task Info': { readonly Index: number; readonly Host: string; readonly Speculative: boolean }
}

function indexOf(start: TaskStart): number {
  return start['Task Info'].Index
}
