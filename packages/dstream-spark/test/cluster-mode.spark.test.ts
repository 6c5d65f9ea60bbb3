import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { JOB, looped, resultsOf } from './lives.js'
import { descendants, DRIVER } from './processes.js'
import { endJobs, jobFile, linesIn, startCommand, startJob } from './run-job.js'
import { Standalone } from './standalone.js'

// Spark starts the driver: a JVM on the machine of the worker, and Node beside it.

const folder = mkdtempSync(join(tmpdir(), 'dstream-cluster-mode-'))
const spark = new Standalone()
beforeAll(() => spark.start())
afterEach(endJobs)
afterAll(() => {
  spark.end()
  rmSync(folder, { recursive: true })
})

let count = 0
const newPlace = (): string => pathToFileURL(join(folder, `place-${++count}`)).href
/** The words of the command line of the JVM that a worker starts for a driver. */
const JVM_OF_DRIVER = 'DriverWrapper'
const PATIENCE = { timeout: 120_000, interval: 50 }

/** Submits a job, and resolves to the name that Spark gives to its driver. */
async function submit(job: string, env: Readonly<Record<string, string>>, options: readonly string[] = []) {
  const quick = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'
  const conf = [
    'spark.driver.host=127.0.0.1',
    'spark.driver.memory=512m',
    'spark.executor.memory=512m',
    'spark.ui.enabled=false',
    `spark.driver.extraJavaOptions=${quick}`,
    `spark.executor.extraJavaOptions=${quick}`,
    `spark.dstream.node=${process.execPath}`,
  ]
  const ended = await startCommand(
    [
      ...['submit', job, '--spark-home', spark.home, '--master', spark.master, '--deploy-mode', 'cluster'],
      ...['--staging', pathToFileURL(join(folder, 'staging')).href, ...options],
      ...conf.flatMap((setting) => ['--conf', setting]),
      ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ],
    { env: { SPARK_LOCAL_IP: '127.0.0.1' } },
  ).ended
  expect({ code: ended.code, errors: ended.errors }).toMatchObject({ code: 0 })
  return /(driver-\d+-\d+)/.exec(ended.errors)![1]!
}

const linesOf = (driver: string) => linesIn(spark.printedBy(driver, 'stdout'))
const errorsOf = (driver: string): string => spark.printedBy(driver, 'stderr')

/** Resolves once the lives of a driver have completed so many further batches together. */
function furtherBatches(driver: string, batches: number): Promise<void> {
  const completed = (): number => linesOf(driver).filter((line) => line.completed !== undefined).length
  const until = completed() + batches
  return vi.waitFor(() => expect(completed()).toBeGreaterThanOrEqual(until), PATIENCE)
}

/** Ends a process of a driver, and returns the one of the other word. */
function kill(word: string, other = word): number {
  const [[pid], [another]] = [word, other].map((name) => descendants(spark.worker, name)) as [number[], number[]]
  process.kill(pid!, 'SIGKILL')
  return another!
}

test('a job that Spark has started gives what it gives in one process, and Spark says that it has finished', async () => {
  const here = await startJob(jobFile('slow.mjs'), undefined).ended
  const driver = await submit(jobFile('slow.mjs'), {})
  expect({ state: await spark.stateAtEnd(driver), errors: errorsOf(driver) }).toMatchObject({ state: 'FINISHED' })
  const lines = linesOf(driver)
  expect(lines.filter((line) => line.output !== undefined).map((line) => line.records)).toEqual(here.batches['totals'])
  expect(errorsOf(driver)).toMatch(
    /slow runs on Spark [\d.]+, spark:\S+; map sides on the cluster: runningReduceByKey#1/,
  )
  expect(lines.at(-1)!.tasks!.filter(({ onMainThread, repeated }) => onMainThread + repeated > 0)).toEqual([])
})

test('a checkpoint in a directory is refused in words, and Spark says that the job has failed', async () => {
  const driver = await submit(JOB, { CHECKPOINT: join(folder, 'here'), BATCHES: '2' })
  expect(await spark.stateAtEnd(driver)).toBe('FAILED')
  expect(errorsOf(driver)).toMatch(
    /checkpointDir is ".*here", a directory of one machine, and Spark may start this driver/,
  )
})

test('a driver that is killed goes on, each half of it ends with the other, and one that Spark ends stops as by Ctrl-C', async () => {
  const env = { CHECKPOINT: newPlace(), GROWN: '1000000', BATCHES: '1000000' }
  const first = await submit(JOB, env, ['--supervise'])
  await furtherBatches(first, 3)
  const jvm = descendants(spark.worker, JVM_OF_DRIVER)
  kill(DRIVER)
  await furtherBatches(first, 30)
  expect(descendants(spark.worker, JVM_OF_DRIVER)).not.toEqual(jvm)
  const node = kill(JVM_OF_DRIVER, DRIVER)
  await furtherBatches(first, 30)
  expect(() => process.kill(node, 0)).toThrow('ESRCH')

  spawnSync(join(spark.home, 'bin/spark-submit'), ['--master', spark.master, '--kill', first])
  expect(await spark.stateAtEnd(first)).toBe('KILLED')
  const second = await submit(JOB, { ...env, BATCHES: '5' })
  expect({ state: await spark.stateAtEnd(second), errors: errorsOf(second) }).toMatchObject({ state: 'FINISHED' })
  const times = (driver: string): number[] => linesOf(driver).flatMap(({ time }) => time ?? [])
  // The job that was told to end has committed all that it has given.
  expect(Math.min(...times(second))).toBeGreaterThan(Math.max(...times(first)))
  const results = resultsOf(
    [first, second].map((driver) => ({ lines: linesOf(driver) })),
    Infinity,
  )
  expect(results.length).toBeGreaterThan(60)
  expect(results).toEqual(looped(results.length))
})
