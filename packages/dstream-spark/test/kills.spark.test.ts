import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { descendants, EXECUTOR, JVM, WORKER } from './processes.js'
import { type Ended, type Line, endJobs, jobFile, startJob } from './run-job.js'

afterEach(endJobs)

const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

let embedded: Ended
beforeAll(async () => {
  embedded = await startJob(jobFile('slow.mjs'), undefined).ended
})

/** Runs the slow job, and sends SIGKILL to a process of such a name once so many batches are done. */
async function runAndKill(kills: ReadonlyMap<number, string>, master: string): Promise<Ended & { killed: string[] }> {
  const killed: string[] = []
  const onLine = ({ completed = 0 }: Line, { pid }: { readonly pid?: number | undefined }): void => {
    const word = kills.get(completed)
    const first = word === undefined ? undefined : descendants(pid!, word)[0]
    if (first === undefined) return
    process.kill(first, 'SIGKILL')
    killed.push(word!)
  }
  const ended = await startJob(jobFile('slow.mjs'), ['--master', master], { onLine }).ended
  return { ...ended, killed }
}

/** Returns how often each batch of an output came. */
function timesOf({ lines }: Ended): number[] {
  const counts = new Map<number, number>()
  for (const { output, time } of lines) if (output !== undefined) counts.set(time!, (counts.get(time!) ?? 0) + 1)
  return [...counts.values()]
}

describe('what SIGKILL ends is replaced: each batch is right, and comes once', () => {
  test.each<[string, [number, string][], string]>([
    ['a worker', [[2, WORKER]], 'local[2]'],
    [
      'a worker of an executor, then an executor',
      [
        [2, WORKER],
        [4, EXECUTOR],
      ],
      'local-cluster[2,1,1024]',
    ],
    ['the JVM', [[2, JVM]], 'local[2]'],
  ])('%s', async (_, kills, master) => {
    const ended = await runAndKill(new Map(kills), master)
    const words = kills.map(([, word]) => word)
    expect(ended.killed).toEqual(words)
    expect({ code: ended.code, errors: ended.errors }).toMatchObject({ code: 0 })
    expect(ended.batches).toEqual(embedded.batches)
    expect(timesOf(ended)).toEqual(Array.from({ length: 8 }, () => 1))
    if (words.includes(JVM)) expect(ended.errors).toMatch(/Spark is started again.* since the JVM of Spark is gone/)
    // The tasks that were lost were done again by Spark, unless Spark itself was away.
    else expect(ended.tasks.repeated).toBe(0)
  })
})

test('a JVM that is killed again and again ends the job with an error', async () => {
  const { child, ended } = startJob(jobFile('slow.mjs'), ['--master', 'local[2]'], { env: { BATCHES: '1000' } })
  const timer = setInterval(() => {
    for (const pid of descendants(child.pid!, JVM))
      if (descendants(pid, WORKER).length > 0) process.kill(pid, 'SIGKILL')
  }, 200)
  const { code, errors } = await ended
  clearInterval(timer)
  expect(code).toBe(1)
  expect(errors).toMatch(/The job (stops, since Spark was lost|cannot run on Spark)/)
})

/** Resolves when none of the processes is there. */
async function gone(pids: readonly number[]): Promise<void> {
  const isThere = (pid: number): boolean => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  while (pids.some(isThere)) await new Promise((resolve) => setTimeout(resolve, 50))
}

test('a driver that is killed leaves no process, and the next life goes on from the checkpoint', async () => {
  const at = (name: string): Record<string, string> => ({ CHECKPOINT: join(folder, name) })
  const whole = await startJob(jobFile('ranges.mjs'), undefined, { env: at('whole') }).ended
  let below: number[] = []
  const first = await startJob(jobFile('ranges.mjs'), ['--master', 'local[2]'], {
    env: at('cut'),
    onLine: ({ completed }, child) => {
      if (completed !== 4) return
      below = [...descendants(child.pid!, JVM), ...descendants(child.pid!, WORKER)]
      child.kill('SIGKILL')
    },
  }).ended
  expect(first.signal).toBe('SIGKILL')
  expect(below.length).toBeGreaterThanOrEqual(2)
  await gone(below)
  // The second life is embedded: a checkpoint belongs to neither way of running.
  const second = await startJob(jobFile('ranges.mjs'), undefined, { env: { ...at('cut'), BATCHES: '10' } }).ended
  const byTime = new Map<number, unknown>()
  for (const { output, time, records } of [...first.lines, ...second.lines]) {
    if (output === undefined) continue
    if (byTime.has(time!)) expect(records).toEqual(byTime.get(time!))
    byTime.set(time!, records)
  }
  const states = [...byTime].sort(([a], [b]) => a - b).map(([, records]) => records)
  expect(states.slice(0, 12)).toEqual(whole.batches['totals'])
})

test('the files of a driver and a JVM that are killed go with the next start', async () => {
  const temporary = mkdtempSync(join(folder, 'tmp-'))
  const env = { TMPDIR: temporary, CHECKPOINT: join(folder, 'leftovers') }
  const start = (onLine?: (line: Line, child: ChildProcess) => void) =>
    startJob(jobFile('ranges.mjs'), ['--master', 'local[2]'], { env, ...(onLine && { onLine }) }).ended
  let driver: number | undefined
  const first = await start(({ completed }, child) => {
    if (completed !== 2) return
    driver = child.pid
    for (const pid of descendants(child.pid!, JVM)) process.kill(pid, 'SIGKILL')
    child.kill('SIGKILL')
  })
  expect(first.signal).toBe('SIGKILL')
  const left = readdirSync(temporary)
  expect(left.length).toBeGreaterThan(0)
  expect((await start()).code).toBe(0)
  expect(readdirSync(temporary)).toEqual([])
  const bundles = join(jobFile('../..'), 'node_modules/.cache')
  const isOfRun = (name: string): boolean =>
    readFileSync(join(bundles, name, 'owner.json'), 'utf8').includes(`"pid":${driver},`)
  expect(readdirSync(bundles).filter((name) => name.startsWith('.dstream-spark-') && isOfRun(name))).toEqual([])
})

test('SIGTERM ends the job, the JVM and the workers', async () => {
  let below: number[] = []
  const { code, errors } = await startJob(jobFile('slow.mjs'), ['--master', 'local[2]'], {
    onLine: ({ completed }, child) => {
      if (completed !== 2) return
      below = [...descendants(child.pid!, JVM), ...descendants(child.pid!, WORKER)]
      child.kill('SIGTERM')
    },
  }).ended
  expect({ code, errors }).toMatchObject({ code: 0 })
  expect(below.length).toBeGreaterThanOrEqual(2)
  await gone(below)
})
