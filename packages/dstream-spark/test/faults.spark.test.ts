import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, endJobs, jobFile, startCommand, startJob } from './run-job.js'

afterEach(endJobs)

const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = jobFile('faults.mjs')
let marks = 0
function run(fault: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const mark = join(folder, `mark-${++marks}`)
  return startJob(file, ['--master', 'local[2]', ...args], { env: { FAULT: fault, MARK: mark, ...env } }).ended
}

let embedded: Ended
beforeAll(async () => {
  embedded = await startJob(file, undefined).ended
})

describe('a worker with a fault', () => {
  test('may print: what it prints is no frame', async () => {
    const ended = await run('prints')
    expect(ended).toMatchObject({ code: 0, batches: embedded.batches })
    expect(ended.errors).toContain('seen ')
    expect(ended.tasks).toMatchObject({ onWorkers: 8, repeated: 0 })
  })

  test('that exits is replaced, and its task is tried again by Spark', async () => {
    const ended = await run('exits')
    expect(ended).toMatchObject({ code: 0, batches: embedded.batches })
    expect(ended.errors).toMatch(/A Node worker on executor driver .* has ended with code 7 while it ran a task/)
    expect(ended.tasks.repeated).toBe(0)
  })

  test('that does not reply in time is killed, and its task is tried again by Spark', async () => {
    const ended = await run('hangs', ['--conf', 'spark.dstream.worker.timeout=2s'])
    expect(ended).toMatchObject({ code: 0, batches: embedded.batches })
    expect(ended.errors).toContain('since it has not replied within spark.dstream.worker.timeout (2000 ms)')
    expect(ended.tasks.repeated).toBe(0)
  })

  test('that never replies leaves its tasks to the driver', async () => {
    const ended = await run('never replies')
    expect(ended).toMatchObject({ code: 0, batches: embedded.batches })
    expect(ended.errors).toMatch(
      /The cluster has not done \d tasks of a stage, which are done in the driver: A Node worker/,
    )
    expect(ended.tasks.repeated).toBeGreaterThan(0)
  })
})

describe('a function that throws', () => {
  test('fails the job with the error of one process', async () => {
    const here = await startJob(file, undefined, { env: { FAULT: 'throws' } }).ended
    const there = await run('throws')
    const words = /RangeError: no -?\d+/
    expect(words.exec(there.errors)?.[0]).toBe(words.exec(here.errors)![0])
    expect(there.code).toBe(here.code)
  })

  test('leaves the same records out', async () => {
    const here = await startJob(file, undefined, { env: { FAULT: 'throws', SKIP: '1' } }).ended
    const there = await run('throws', [], { SKIP: '1' })
    expect(there).toMatchObject({ code: 0, batches: here.batches })
  })
})

describe('a job is refused in words before its first batch', () => {
  /** A Node that is not quite that of the driver. */
  function node(name: string, script: string): readonly string[] {
    const path = join(folder, name)
    writeFileSync(path, `#!/bin/sh\n${script}\nexec "${process.execPath}" "$@"\n`)
    chmodSync(path, 0o755)
    return ['--conf', `spark.dstream.node=${path}`]
  }

  test.each<[string, string, () => readonly string[], string]>([
    ['no Node', 'none', () => ['--conf', 'spark.dstream.node=/no/node'], 'There is no Node on executor driver'],
    ['another job', 'none', () => node('job', 'for last; do :; done; echo >> "$last"'), 'its job is'],
    [
      'another Node',
      'none',
      () =>
        node(
          'old',
          `set -- --import 'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"18.1.0"}})' "$@"`,
        ),
      "its Node is 18, and the driver's is",
    ],
    ['other functions', 'functions', () => [], 'its functions is'],
    ['a module that throws', 'top level', () => [], 'cannot load the job: this module is not for workers'],
  ])('%s', async (_, fault, args, words) => {
    const ended = await run(fault, args())
    expect(ended.code).toBe(1)
    expect(ended.errors).toContain(words)
    expect(ended.lines).toEqual([])
  })

  test('no Spark, no Java, a driver that would not be here', async () => {
    const [noSpark, noJava, mode] = await Promise.all([
      startCommand(['run', file, '--spark-home', folder]).ended,
      startJob(file, [], { env: { JAVA_HOME: folder } }).ended,
      startCommand(['run', file, '--master', 'yarn', '--deploy-mode', 'cluster']).ended,
    ])
    expect(noSpark).toMatchObject({ code: 1, lines: [] })
    expect(noSpark.errors).toMatch(/^dstream-spark: --spark-home is .*, where no Spark is; give .*\n$/)
    expect(noJava.errors).toMatch(/^dstream-spark: Java is missing on JAVA_HOME .*\n$/)
    expect(mode.errors).toMatch(
      /^dstream-spark: --deploy-mode is "cluster", and run starts the driver here; give submit\n$/,
    )
  })
})

test('a job leaves no files behind', async () => {
  const temporary = mkdtempSync(join(folder, 'tmp-'))
  const ended = await run('none', [], { TMPDIR: temporary })
  expect(ended.code).toBe(0)
  expect(readdirSync(temporary)).toEqual([])
})
