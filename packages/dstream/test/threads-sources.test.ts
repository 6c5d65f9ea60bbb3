import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  jsonLines,
  Seconds,
  type DStream,
  type ReadOptions,
  type SourceHost,
  type SplitSource,
  type StreamingContext,
  type StreamingContextOptions,
} from 'dstream'
import { csv } from 'dstream/csv'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { loopbackWorkers, tasksOf } from './loopback-workers.js'

const root = mkdtempSync(join(tmpdir(), 'dstream-splits-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0

/** Makes a directory of files that are dated in the second before their batch. Row b has the texts of batch b. */
function directoryOf(rows: readonly (readonly string[])[]): string {
  const directory = mkdtempSync(join(root, `${++folders}-`))
  for (const [b, texts] of rows.entries()) {
    for (const [i, text] of texts.entries()) {
      const path = join(directory, `${b}-${i}`)
      writeFileSync(path, text)
      utimesSync(path, b + 0.5, b + 0.5)
    }
  }
  return directory
}

type Define = (ssc: StreamingContext) => DStream<unknown>

/** Runs a job on `threads` threads. `worker` is 0 in the thread of the batches. */
async function run(
  define: (ssc: StreamingContext, worker: number) => DStream<unknown>,
  threads: number | undefined,
  batches = 2,
  options: Partial<StreamingContextOptions> = {},
) {
  const context = { batchInterval: Seconds(1), ...options }
  let started = 0
  const workers = loopbackWorkers(() => {
    const worker = new TestContext(context)
    worker.output(define(worker.ssc, ++started))
    return worker.ssc
  })
  const t = new TestContext({ ...context, threads }, { workers })
  const out = t.output(define(t.ssc, 0))
  const error = await t.run(batches).catch((e: unknown) => e)
  const found = out.batches.map((batch) => batch.map((record) => JSON.stringify(record)).sort())
  const { numInputRecords, skippedRecords } = t.ssc.totals
  const tasks = tasksOf(t.ssc)
  await t.stop().catch(() => undefined)
  return { batches: found, tasks, error, numInputRecords, skippedRecords }
}

/** Runs it on none, one, two and three threads, and expects the same each time. */
async function alike(define: Define, options?: Partial<StreamingContextOptions>) {
  const [none, one, two, three] = await Promise.all([undefined, 1, 2, 3].map((n) => run(define, n, 2, options)))
  // What is read of a batch that fails depends on what was under way.
  const results = ({ batches, numInputRecords, skippedRecords, error }: NonNullable<typeof none>) => ({
    batches,
    numInputRecords: error === undefined ? numInputRecords : undefined,
    skippedRecords,
    error: error === undefined ? undefined : String(error),
  })
  expect([one, two, three].map((ran) => results(ran!))).toEqual(Array(3).fill(results(none!)))
  return two!
}

const add = (a: number, b: number) => a + b
const words = (line: string) => line.split(' ')
const text = (seed: number): string =>
  Array.from({ length: 50 }, (_, i) => `word${(i * seed) % 7} ${'x'.repeat(i % 3)}${seed}`).join('\n') + '\n'
const texts = [
  [text(1), text(2), text(3), text(4)],
  [text(5), text(6)],
]

describe('files are read in workers', () => {
  test.each<[string, (directory: string) => Define]>([
    ['textFileStream', (dir) => (ssc) => ssc.textFileStream(dir, all).flatMap(words).countByValue()],
    ['without a step', (dir) => (ssc) => ssc.textFileStream(dir, all).countByValue()],
    ['binaryRecordsStream', (dir) => (ssc) => ssc.binaryRecordsStream(dir, 1, all).map((bytes) => bytes.join()).countByValue()], // prettier-ignore
    ['fileStream of a function', (dir) => (ssc) => ssc.fileStream(dir, (path) => [path.slice(-1), 'file'], all).countByValue()], // prettier-ignore
  ])('%s', async (_, define) => {
    const two = await alike(define(directoryOf(texts)))
    expect(two.tasks.onWorkers).toBeGreaterThan(0)
    expect(two.tasks.repeated).toBe(0)
    expect(two.numInputRecords).toBeGreaterThan(0)
  })

  test('CSV', async () => {
    const rows = texts.map((row) => row.map((_, i) => `name,n\n${Array.from({ length: 40 }, (_, n) => `a${n % 3},${n * i}`).join('\n')}\n`)) // prettier-ignore
    const define: (dir: string) => Define = (dir) => (ssc) =>
      ssc
        .fileStream(dir, csv({ columns: ['name', 'n'] }), all)
        .mapToPair(({ name, n }) => [name, Number(n)] as const)
        .reduceByKey(add)
    const two = await alike(define(directoryOf(rows)))
    expect(two.tasks.onWorkers).toBeGreaterThan(0)
    expect(two.tasks.repeated).toBe(0)
  })

  test('random files in random batches', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.array(fc.constantFrom('a', 'b', 'c d', ''), { maxLength: 30 }), { maxLength: 5 }), {
          minLength: 2,
          maxLength: 2,
        }),
        async (rows) => {
          const directory = directoryOf(rows.map((files) => files.map((lines) => lines.map((l) => `${l}\n`).join(''))))
          await alike((ssc) => ssc.textFileStream(directory, all).flatMap(words).countByValue())
        },
      ),
      { numRuns: 15 },
    ))

  test('and given to foreachPartition there', async () => {
    const directory = directoryOf(texts)
    const calls: [worker: number, time: number, partition: number, lines: string[]][] = []
    const note = (...call: (typeof calls)[number]): void => void calls.push(call)
    await run((ssc, worker) => {
      const lines = ssc.textFileStream(directory, all)
      lines.foreachPartition((records, { time, partition }) => note(worker, time.milliseconds, partition, [...records]))
      return ssc.queueStream([])
    }, 2)
    const found = calls.filter(([, time]) => time <= 2000).sort(([, t, p], [, u, q]) => t - u || p - q)
    const linesOf = (row: readonly string[], time: number) =>
      row.map((text, partition) => [time, partition, text.trimEnd().split('\n')])
    expect(found.map(([, ...call]) => call)).toEqual([...linesOf(texts[0]!, 1000), ...linesOf(texts[1]!, 2000)])
    expect(found.some(([worker]) => worker > 0)).toBe(true)
  })
})

const all = { newFilesOnly: false }

describe('what fails in a worker is read again here', () => {
  const lines = [
    ['{"n":1}\n{"n":2}\n', '{"n":3}\nnot json\n{"n":4}\n', '{"n":5}\n'],
    ['{"n":6}\n', 'neither\n'],
  ]
  const byJson: (dir: string) => Define = (dir) => (ssc) =>
    ssc
      .textFileStream(dir, { ...all, codec: jsonLines<{ n: number }>() })
      .mapToPair(({ n }) => [n % 2, n] as const)
      .reduceByKey(add)

  test('records that do not decode are left out and counted once', async () => {
    const two = await alike(byJson(directoryOf(lines)))
    expect(two.batches).toHaveLength(2)
    expect(Object.values(two.skippedRecords)).toEqual([2])
  })

  test('rows that a format refuses go through onRecordError, or fail the file', async () => {
    const rows = [
      ['n\n1\n2\n', 'n\nx,y\n3\n', 'n\n4\n'],
      ['n\n5\n', 'n\n6\n'],
    ]
    const define: (dir: string) => Define = (dir) => (ssc) =>
      ssc
        .fileStream(dir, csv({ columns: ['n'] }), all)
        .mapToPair(({ n }) => [Number(n) % 2, Number(n)] as const)
        .reduceByKey(add)
    const two = await alike(define(directoryOf(rows)), { onRecordError: 'skip' })
    expect(two.batches).toHaveLength(2)
    expect(Object.values(two.skippedRecords)).toEqual([1])
    const failed = await alike(define(directoryOf(rows)))
    expect(failed.error).toBeInstanceOf(Error)
  })

  test('a file that is gone', async () => {
    const directory = directoryOf(texts)
    const gone: Define = (ssc) =>
      ssc
        .fileStream(
          directory,
          (path) => {
            if (path.endsWith('1')) throw new Error('gone')
            return [path.slice(-3)]
          },
          all,
        ) // prettier-ignore
        .countByValue()
    const [one, two] = [await run(gone, 1), await run(gone, 2)]
    expect([one.batches, two.batches]).toEqual([[], []])
    expect(String(two.error)).toContain('gone')
  })

  test('a function that changes a variable outside of it is called here alone', async () => {
    let read = 0
    const directory = directoryOf(texts)
    const counting: Define = (ssc) =>
      ssc.fileStream(directory, (path) => (read++, [path.slice(-1)]), all).countByValue()
    const two = await run(counting, 2)
    expect([two.tasks.onWorkers, read]).toEqual([0, 6])
  })

  test('a stream with two readers is read once, and here', async () => {
    const directory = directoryOf(texts)
    const two = await alike((ssc) => {
      const lines = ssc.textFileStream(directory, all)
      lines.count().foreachRDD(async (rdd) => void (await rdd.collect()))
      return lines.flatMap(words).countByValue()
    })
    expect(two.tasks.onWorkers).toBe(0)
  })
})

interface Part {
  readonly name: string
  readonly from: number
  readonly until: number
}

/** A log of numbers in four parts, which is opened where it is read. */
function log(worker: number, source: Partial<SplitSource<number, number, Part, string>> = {}) {
  const reads: string[] = []
  const opened: boolean[] = []
  const made: SplitSource<number, number, Part, string> = {
    readsAnywhere: true,
    open: ({ isShared }) => void opened.push(isShared === true),
    initial: () => 0,
    plan: (from) => {
      if (worker > 0) throw new Error('planned in a worker')
      return from + 40
    },
    splits: (from, until) => Array.from({ length: 4 }, (_, i) => ({ name: `p${i}`, from: from + i * 10, until: until - 30 + i * 10 })), // prettier-ignore
    read: ({ name, from, until }) => {
      if (opened.length === 0) throw new Error('read before it was opened')
      reads.push(name)
      return Array.from({ length: until - from }, (_, i) => String(from + i))
    },
    decode: (read) => Number(read),
    ...source,
  }
  return { made, reads, opened }
}

const counted = (numbers: DStream<number>) => numbers.mapToPair((n) => [n % 3, n] as const).reduceByKey(add)

describe('sources of positions are read in workers where they say so', () => {
  test('their splits, decoded there', async () => {
    const two = await alike((ssc) => counted(ssc.fromSource(log(0).made)))
    expect(two.tasks.onWorkers).toBeGreaterThan(0)
    expect(two.tasks.repeated).toBe(0)
    expect(two.numInputRecords).toBe(80)
  })

  test('by a source that the worker opens once and asks for no plan, each split once', async () => {
    const readsOn = async (threads: number) => {
      const logs: ReturnType<typeof log>[] = []
      const { error } = await run((ssc, worker) => counted(ssc.fromSource((logs[worker] = log(worker)).made)), threads)
      return { error, reads: logs.map(({ reads }) => reads), opened: logs.map(({ opened }) => opened) }
    }
    const [one, two] = [await readsOn(1), await readsOn(2)]
    expect([one.error, two.error]).toEqual([undefined, undefined])
    expect(two.reads[1]!.length).toBeGreaterThan(0)
    expect([one.opened, two.opened]).toEqual([[[false]], [[true], [false]]])
    expect(two.reads.flat().sort()).toEqual(one.reads.flat().sort())
  })

  test('by later generators and promises, and as one range', async () => {
    async function* later({ from, until }: Part) {
      for (let n = from; n < until; n++) yield String(await Promise.resolve(n))
    }
    await alike((ssc) => counted(ssc.fromSource(log(0, { read: later }).made)))
    await alike((ssc) => counted(ssc.fromSource(log(0, { read: async (split) => later(split) }).made)))
    const ranged = (ssc: StreamingContext): DStream<number> =>
      ssc.fromSource({
        readsAnywhere: true,
        initial: () => 0,
        plan: (from: number) => from + 5,
        read: (from: number, until: number) => Array.from({ length: until - from }, (_, i) => from + i),
      })
    const two = await alike((ssc) => counted(ranged(ssc).union(ranged(ssc))))
    expect(two.tasks.onWorkers).toBeGreaterThan(0)
  })

  test('and not where they do not', async () => {
    const two = await alike((ssc) => counted(ssc.fromSource(log(0, { readsAnywhere: false }).made)))
    expect(two.tasks.onWorkers).toBe(0)
  })

  test('what decode throws goes through onRecordError here', async () => {
    const decode = (read: string): number => {
      if (read.endsWith('7')) throw new Error(`no ${read}`)
      return Number(read)
    }
    const two = await alike((ssc) => counted(ssc.fromSource(log(0, { decode }).made)), { onRecordError: 'skip' })
    expect(Object.values(two.skippedRecords)).toEqual([8])
    expect(two.tasks.repeated).toBeGreaterThan(0)
  })

  test('a failure that is reported in a worker is met again and reported here', async () => {
    const reported: string[] = []
    const two = await run((ssc, worker) => {
      let report: SourceHost['report']
      const { made } = log(worker, {
        open: (host) => void (report = host.report),
        read: ({ name, from, until }) => {
          if (name === 'p0') report(`gap in ${from}`)
          return Array.from({ length: until - from }, (_, i) => String(from + i))
        },
      })
      if (worker === 0)
        ssc.on('receiverError', ({ receiverInfo }) => void reported.push(receiverInfo.lastErrorMessage!))
      return counted(ssc.fromSource(made))
    }, 2)
    expect(two.batches).toEqual((await run((ssc) => counted(ssc.fromSource(log(0).made)), undefined)).batches)
    expect(reported.slice(0, 2)).toEqual(['gap in 0', 'gap in 40'])
    expect(two.tasks.repeated).toBe(2)
  })

  test('a read that fails in a worker only is made here', async () => {
    const two = await run((ssc, worker) => {
      const read = ({ from, until }: Part, { signal }: ReadOptions): string[] => {
        signal.throwIfAborted()
        if (worker > 0) throw new Error('not here')
        return Array.from({ length: until - from }, (_, i) => String(from + i))
      }
      return counted(ssc.fromSource(log(worker, { read }).made))
    }, 2)
    expect(two.batches).toEqual((await run((ssc) => counted(ssc.fromSource(log(0).made)), undefined)).batches)
    expect(two.tasks.repeated).toBeGreaterThan(0)
  })
})
