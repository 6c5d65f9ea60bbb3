import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { calls, kept } from './kept.js'
import { nodeArchive, pathWithoutNode } from './machines.js'
import { descendants, DRIVER } from './processes.js'
import { endJobs, jobFile, linesIn, startJob } from './run-job.js'
import { Standalone } from './standalone.js'
import { submitTo } from './submitted.js'

// Spark starts the driver: a JVM on the machine of the worker, and Node beside it.

const folder = mkdtempSync(join(tmpdir(), 'dstream-cluster-mode-'))
const spark = new Standalone()
// Its machine has no Node of its own: the jobs say where one is, or bring it.
beforeAll(() => spark.start({ machine: { PATH: pathWithoutNode(folder) } }))
afterAll(() => {
  endJobs()
  spark.end()
  rmSync(folder, { recursive: true })
})

/** The words of the command line of the JVM that a worker starts for a driver. */
const JVM_OF_DRIVER = 'DriverWrapper'
const PATIENCE = { timeout: 300_000, interval: 50 }

const NODE = ['--conf', `spark.dstream.node=${process.execPath}`]

/** Submits a job, and resolves to the name that Spark gives to its driver. */
function submit(job: string, env: Readonly<Record<string, string>>, options: readonly string[] = NODE) {
  return submitTo(spark, job, { env, options, staging: pathToFileURL(join(folder, 'staging')).href })
}

const linesOf = (driver: string) => linesIn(spark.printedBy(driver, 'stdout'))
const errorsOf = (driver: string): string => spark.printedBy(driver, 'stderr')

/** Resolves once an output has kept so many further batches. */
function furtherBatches(state: string, batches: number): Promise<void> {
  const until = kept(state).length + batches
  return vi.waitFor(() => expect(kept(state).length).toBeGreaterThanOrEqual(until), PATIENCE)
}

/** Ends a process of a driver, and returns the one of the other word. */
function kill(word: string, other = word): number {
  const [[pid], [another]] = [word, other].map((name) => descendants(spark.worker, name)) as [number[], number[]]
  process.kill(pid!, 'SIGKILL')
  return another!
}

// A submission to standalone Spark waits five seconds before it asks for the state of its driver.
describe.concurrent('submitted', () => {
  test('a job that Spark has started, with the Node that is shipped, gives what it gives in one process', async () => {
    const here = await startJob(jobFile('slow.mjs'), undefined).ended
    const driver = await submit(jobFile('slow.mjs'), {}, ['--node-archive', nodeArchive(folder)])
    expect({ state: await spark.stateAtEnd(driver), errors: errorsOf(driver) }).toMatchObject({ state: 'FINISHED' })
    const lines = linesOf(driver)
    expect(lines.filter((line) => line.output !== undefined).map((line) => line.records)).toEqual(
      here.batches['totals'],
    )
    expect(errorsOf(driver)).toMatch(
      /slow runs on Spark [\d.]+, spark:\S+; map sides on the cluster: runningReduceByKey#1/,
    )
    expect(lines.at(-1)!.tasks!.filter(({ onMainThread, repeated }) => onMainThread + repeated > 0)).toEqual([])
  })

  test('a checkpoint in a directory is refused in words, and Spark says that the job has failed', async () => {
    const driver = await submit(jobFile('ranges.mjs'), { CHECKPOINT: join(folder, 'here'), BATCHES: '2' })
    expect(await spark.stateAtEnd(driver)).toBe('FAILED')
    expect(errorsOf(driver)).toMatch(
      /checkpointDir is ".*here", a directory of one machine, and Spark may start this driver/,
    )
  })

  test('a machine without a Node is named in words, and Spark says that the job has failed', async () => {
    const driver = await submit(jobFile('slow.mjs'), {}, [])
    expect(await spark.stateAtEnd(driver)).toBe('FAILED')
    expect(errorsOf(driver)).toMatch(
      /^dstream-spark: There is no Node on executor driver .*, or ship it by --node-archive/m,
    )
  })
})

test('a driver that is killed goes on, each half of it ends with the other, and one that Spark ends stops as by Ctrl-C', async () => {
  const state = join(folder, 'state')
  const env = { STATE: state, CHECKPOINT: pathToFileURL(join(folder, 'place')).href, BATCH_MS: '500' }
  const job = jobFile('upserts.mjs')
  const first = await submit(job, { ...env, RANGES: '1000000' }, [...NODE, '--supervise'])
  await furtherBatches(state, 3)
  const jvm = descendants(spark.worker, JVM_OF_DRIVER)
  kill(DRIVER)
  await furtherBatches(state, 3)
  expect(descendants(spark.worker, JVM_OF_DRIVER)).not.toEqual(jvm)
  const node = kill(JVM_OF_DRIVER, DRIVER)
  await furtherBatches(state, 3)
  expect(() => process.kill(node, 0)).toThrow('ESRCH')

  spark.kill(first)
  expect(await spark.stateAtEnd(first)).toBe('KILLED')
  const until = calls(state)
  const ranges = kept(state).length + 5
  const second = await submit(job, { ...env, RANGES: String(ranges) })
  expect({ state: await spark.stateAtEnd(second), errors: errorsOf(second) }).toMatchObject({ state: 'FINISHED' })
  // Each kill may have cut one batch. The job that was told to end has committed all that it has given.
  expect(until.length - new Set(until).size).toBeLessThanOrEqual(2)
  expect(Math.min(...calls(state).slice(until.length))).toBeGreaterThan(Math.max(...until))

  const embedded = join(folder, 'embedded')
  await startJob(job, undefined, { env: { STATE: embedded, RANGES: String(ranges) } }).ended
  expect(kept(state).slice(0, ranges)).toEqual(kept(embedded).slice(0, ranges))
})
