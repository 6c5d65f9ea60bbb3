import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'dstream-threads-'))
afterAll(() => rmSync(folder, { recursive: true }))

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const esm = `import { isMainThread } from 'node:worker_threads'
import { Milliseconds, StreamingContext } from '${pathToFileURL(join(dist, 'index.js')).href}'`
const cjs = `const { isMainThread } = require('node:worker_threads')
const { Milliseconds, StreamingContext } = require('${join(dist, 'index.cjs')}')`

/** The parts of a job that a test replaces. */
interface Parts {
  readonly top?: string
  readonly step?: string
  /** The operator that takes the numbers, by the step. */
  readonly stream?: string
  readonly options?: string
  readonly meta?: 'import.meta' | 'module'
}

/** The text of a job of three batches that ends by itself, and reports its results and its tasks by one line of JSON. */
function job(
  head: string,
  { top = '', step = 'n', options = 'threads: 2', meta = 'import.meta', ...parts }: Parts,
): string {
  const { stream = `.map((n) => ${step})` } = parts
  return `${head}
${top}
StreamingContext.run(${meta}, { batchInterval: Milliseconds(20), ${options} }, (ssc) => {
  const numbers = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 1009)
  const queue = [1, 2, 3].map(() => ssc.sc.parallelize(numbers, { numPartitions: 6 }))
  const batches = []
  ssc.queueStream(queue)${stream}.mapToPair((n) => [n % 10, n]).reduceByKey((a, b) => a + b)
    .foreachRDD(async (rdd) => void batches.push(await rdd.collect()))
  ssc.on('batchCompleted', () => {
    if (batches.length !== 4) return
    const tasks = ssc.recentProgress.map(({ tasks }) => tasks ?? { onMainThread: 0, onWorkers: 0, repeated: 0 })
    console.log(JSON.stringify({ batches, tasks: tasks.slice(0, 3) }))
    void ssc.stop()
  })
})`
}

interface Ended {
  readonly code: unknown
  readonly errors: string
  readonly lines: readonly string[]
  readonly batches: readonly unknown[][]
  readonly tasks: readonly { readonly onMainThread: number; readonly onWorkers: number; readonly repeated: number }[]
}

let files = 0
async function runJob(source: string, extension = 'mjs', nodeOptions: readonly string[] = []): Promise<Ended> {
  const file = join(folder, `job-${++files}.${extension}`)
  writeFileSync(file, source)
  const child = spawn(process.execPath, [...nodeOptions, file], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [[code], output, errors] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
  const lines = output.trim().split('\n')
  const report = lines.find((line) => line.startsWith('{"batches"')) ?? '{"batches":[],"tasks":[]}'
  return { code, errors, lines, ...(JSON.parse(report) as Pick<Ended, 'batches' | 'tasks'>) }
}

const sum = (of: Ended, name: keyof Ended['tasks'][number]): number => of.tasks.reduce((n, tasks) => n + tasks[name], 0)

/** The sums of the numbers by their last digit. */
const expected = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 1009).reduce(
  (sums, n) => sums.set(n % 10, (sums.get(n % 10) ?? 0) + n),
  new Map<number, number>(),
)
const threeBatches = [[...expected], [...expected], [...expected], []]

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** A function over RDDs, of which workers make the functions. */
const transform = `.transform((rdd, time) => {
  const k = time.milliseconds > 0 ? 0 : 1
  const more = (m) => (n) => n + k * m
  return rdd.map(same).map(more(2)).filter((n) => same(n) >= 0)
})`

describe('workers run stages of a job', () => {
  test.each<[string, string, string, readonly string[]]>([
    ['an ES module', job(esm, {}), 'mjs', []],
    ['a CommonJS module', job(cjs, { meta: 'module' }), 'cjs', []],
    ['TypeScript by tsx', job(esm, { top: 'const limit: number = 3' }), 'mts', ['--import', tsx]],
    ['a transform', job(esm, { top: 'const same = (n) => n', stream: transform }), 'mjs', []],
    [
      'a transform in TypeScript',
      job(esm, { top: 'const same = (n: number) => n', stream: transform }),
      'mts',
      ['--import', tsx],
    ],
    ['a worker that prints', job(esm, { step: '(n % 500 === 0 && console.log("seen", isMainThread), n)' }), 'mjs', []],
  ])('%s', async (_, source, extension, nodeOptions) => {
    const ended = await runJob(source, extension, nodeOptions)
    expect(ended).toMatchObject({ code: 0, errors: '', batches: threeBatches })
    expect(sum(ended, 'onWorkers')).toBeGreaterThan(0)
    expect(sum(ended, 'onWorkers') + sum(ended, 'onMainThread')).toBe(18)
  })

  test('a worker that exits is replaced, and its tasks are done again', async () => {
    const step = '(!isMainThread && process.exit(7), n)'
    const ended = await runJob(job(esm, { step }))
    expect(ended).toMatchObject({ code: 0, batches: threeBatches })
    expect(ended.errors).toContain(
      'dstream warn: A worker thread has ended and is replaced; its tasks are done again: it has exited with code 7',
    )
    expect(sum(ended, 'repeated')).toBeGreaterThan(0)
  })
})

describe('workers read files and call outputs', () => {
  const files = mkdtempSync(join(tmpdir(), 'dstream-threads-files-'))
  afterAll(() => rmSync(files, { recursive: true }))
  const lines = (n: number): string[] => Array.from({ length: 500 }, (_, i) => `line ${n} ${i}`)
  for (let n = 0; n < 6; n++) writeFileSync(join(files, `${n}.txt`), lines(n).join('\n') + '\n')

  /** A job whose output says each call by one line of JSON, and that stops when no call is still to be made. */
  const calling = (each: string): string => `${esm}
const folder = ${JSON.stringify(files)}
StreamingContext.run(import.meta, { batchInterval: Milliseconds(20), threads: 2, retry: { backoff: Milliseconds(1) } }, (ssc) => {
  ssc.textFileStream(folder, { newFilesOnly: false }).map((line) => line.toUpperCase())
    .foreachPartition(async (records, { partition, attempt }) => {
      const all = [...records]
      ${each}
      console.log(JSON.stringify({ isMainThread, partition, attempt, records: all.length, last: all.at(-1) }))
    })
  ssc.on('batchCompleted', () => {
    const { outputs = [] } = ssc.lastProgress ?? {}
    if (ssc.totals.numInputRecords > 0 && outputs.every(({ pendingBatches }) => pendingBatches === 0)) void ssc.stop()
  })
})`

  interface Call {
    readonly isMainThread: boolean
    readonly partition: number
    readonly attempt: number
    readonly records: number
    readonly last: string
  }
  const callsOf = ({ lines }: Ended): Call[] =>
    lines.filter((line) => line.startsWith('{"isMainThread"')).map((line) => JSON.parse(line) as Call)
  test('each file once, some of them in the worker', async () => {
    const ended = await runJob(calling(''))
    expect(ended).toMatchObject({ code: 0, errors: '' })
    const calls = callsOf(ended).sort((a, b) => a.partition - b.partition)
    expect(calls.map(({ partition, records, last }) => [partition, records, last])).toEqual(
      [0, 1, 2, 3, 4, 5].map((n) => [n, 500, `LINE ${n} 499`]),
    )
    expect(calls.some(({ isMainThread }) => !isMainThread)).toBe(true)
  })

  test('a call that throws in the worker is made again by the next attempt', async () => {
    const fails = `if (!isMainThread && attempt === 1) throw Object.assign(new RangeError('away'), { code: 'EAWAY' })`
    const ended = await runJob(calling(fails))
    expect(ended.code).toBe(0)
    expect(ended.errors).toContain('RangeError: away')
    const calls = callsOf(ended).sort((a, b) => a.partition - b.partition)
    expect(calls.map(({ partition }) => partition)).toEqual([0, 1, 2, 3, 4, 5])
    expect(calls.some(({ attempt }) => attempt > 1)).toBe(true)
  })
})

describe('a job that workers cannot load runs on one thread', () => {
  test.each<[string, Parts, string]>([
    ['its module throws', { top: 'if (!isMainThread) throw new Error("no worker")' }, 'no worker'],
    ['its module ends', { top: 'if (!isMainThread) process.exit(3)' }, 'it has exited with code 3'],
  ])('%s', async (_, parts, reason) => {
    const ended = await runJob(job(esm, parts))
    expect(ended).toMatchObject({ code: 0, batches: threeBatches })
    expect(ended.errors).toBe(
      `dstream warn: The job runs on one thread, not on 2: a worker cannot load it, since ${reason}\n`,
    )
    expect(sum(ended, 'onWorkers')).toBe(0)
  })
})

test('a job whose functions are others in a worker runs on one thread', async () => {
  const source = job(esm, {}).replace(
    'mapToPair((n) => [n % 10, n])',
    'mapToPair(isMainThread ? (n) => [n % 10, n] : (n) => [n, n])',
  )
  const ended = await runJob(source)
  expect(ended).toMatchObject({ code: 0, batches: threeBatches })
  expect(ended.errors).toContain('since its function mapToPair#1:0 is another one there')
})

test('a worker of the program itself starts the job as a program does', async () => {
  const inner = join(folder, 'inner.mjs')
  writeFileSync(inner, job(esm, {}))
  const source = `import { Worker } from 'node:worker_threads'
  new Worker(${JSON.stringify(inner)})`
  const ended = await runJob(source)
  expect(ended).toMatchObject({ code: 0, errors: '', batches: threeBatches })
  expect(sum(ended, 'onWorkers')).toBeGreaterThan(0)
})

test("the end of the process is the job's own: its exit code stays, and what follows run happens once", async () => {
  const source = job(esm, { top: 'process.exitCode = 5' }).replace(
    /\}\)$/,
    '}).then(() => console.log("behind", isMainThread))',
  )
  const ended = await runJob(source)
  expect(ended).toMatchObject({ code: 5, errors: '', batches: threeBatches })
  expect(ended.lines.filter((line) => line.startsWith('behind'))).toEqual(['behind true'])
})

test('SIGTERM ends the job and its workers', async () => {
  const ended = await runJob(job(esm, {}).replace('void ssc.stop()', 'process.kill(process.pid, "SIGTERM")'))
  expect(ended).toMatchObject({ code: 0, errors: '', batches: threeBatches })
})

test('a context that was made without run says so, and runs on one thread', async () => {
  const source = `${esm}
  const ssc = new StreamingContext({ batchInterval: Milliseconds(20), threads: 3 })
  ssc.rateStream(50).count().foreachRDD(() => ssc.stop())
  await ssc.start()
  await ssc.awaitTermination()`
  const { code, errors } = await runJob(source)
  expect({ code, errors }).toEqual({
    code: 0,
    errors:
      'dstream warn: The job runs on one thread, not on 3: workers load the module of a job that StreamingContext.run(import.meta, …) starts, and this context was made without it.\n',
  })
})
