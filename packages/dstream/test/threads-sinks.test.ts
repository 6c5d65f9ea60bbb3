import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Seconds, type DStream, type PreparedBatch, type SinkPartition, type TwoPhaseSink } from 'dstream'
import { memoryStorage } from 'dstream/storage'
import { sinkContract, TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileSink, readFileSink } from '../src/output/files/index.js'
import { batchesOf } from './laws.js'
import { loopbackWorkers, tasksOf, type WorkerFaults } from './loopback-workers.js'

let root: string
let next = 0
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'dstream-threads-sinks-'))))
afterAll(() => rm(root, { recursive: true }))

type Rows = readonly (readonly number[])[]
type SinkOf = (worker: number) => TwoPhaseSink<number>

/** Writes batches of numbers to a sink: in four partitions, by two workers. The sink of number 0 is that of the batches. */
async function written(
  rows: Rows,
  sinkOf: SinkOf,
  { numPartitions = 4, ...faults }: WorkerFaults & { numPartitions?: number } = {},
) {
  let started = 0
  const define = (t: TestContext, worker: number): DStream<number> => {
    const numbers = t.input(rows, { numPartitions }).map((n) => n + 1)
    numbers.to(sinkOf(worker), { retry: { attempts: 2 } })
    return numbers
  }
  const worker = () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    define(t, ++started)
    return t.ssc
  }
  const t = new TestContext(
    { batchInterval: Seconds(1), threads: 3 },
    { workers: loopbackWorkers(worker, { leastBytes: 0, ...faults }) },
  )
  define(t, 0)
  const error = await t.run(rows.length).catch((e: unknown) => e)
  const tasks = tasksOf(t.ssc)
  await t.stop().catch(() => undefined)
  return { error, tasks }
}

/** Returns the slices in which a row is put, a number more each. */
function sliced(row: readonly number[], numPartitions: number): number[][] {
  const at = (p: number): number => Math.floor((p * row.length) / numPartitions)
  return Array.from({ length: numPartitions }, (_, p) => row.slice(at(p), at(p + 1)).map((n) => n + 1))
}

/** A sink in memory, whose writers note who they are. */
function memorySink(prepare: (partition: SinkPartition<number>, worker: number) => unknown = ({ records }) => records) {
  const batches: PreparedBatch<unknown>[] = []
  const openings: number[] = []
  const sinkOf: SinkOf = (worker) => ({
    openWriter: () => void openings.push(worker),
    prepare: async (partition) => prepare(partition, worker),
    commit: async (batch) => void batches.push(batch),
    lastCommitted: () => undefined,
  })
  return { sinkOf, batches, openings }
}

const rowsOfNothing: Rows = []
const many = Array.from({ length: 40 }, (_, i) => i)

describe('a sink with openWriter is prepared in workers', () => {
  test('law: the batches get what the partitions were prepared to, in their order', () =>
    fc.assert(
      fc.asyncProperty(batchesOf(fc.integer()), fc.integer({ min: 1, max: 4 }), async (rows, numPartitions) => {
        const { sinkOf, batches } = memorySink()
        const { error } = await written(rows, sinkOf, { numPartitions })
        expect(error).toBeUndefined()
        const found = batches.slice(0, rows.length).map(({ time, prepared }) => [time.milliseconds, prepared])
        expect(found).toEqual(rows.map((row, b) => [(b + 1) * 1000, sliced(row, numPartitions)]))
      }),
      { numRuns: 25 },
    ))

  test('each worker opens its own once, and the thread of the batches opens none', async () => {
    const by = new Set<number>()
    const { sinkOf, openings } = memorySink(({ time, index, attempt, replayed, signal }, worker) => {
      by.add(worker)
      expect([time.milliseconds % 1000, index < 4, attempt, replayed, signal.aborted]).toEqual([
        0,
        true,
        1,
        false,
        false,
      ])
    })
    const { error, tasks } = await written([many, many, many], sinkOf)
    expect(error).toBeUndefined()
    expect(tasks.onWorkers).toBeGreaterThan(0)
    expect([...openings].sort()).toEqual([...by].filter((worker) => worker > 0).sort())
  })

  test('a worker that ends has its partition prepared again', async () => {
    let ended = 0
    const endsBefore = ({ type }: { readonly type: string }): boolean => type === 'task' && ++ended === 2
    const { sinkOf, batches } = memorySink()
    await written([many], sinkOf, { endsBefore })
    expect(batches[0]!.prepared).toEqual(sliced(many, 4))
  })

  test('an error there fails the attempt, and the next one prepares all partitions anew', async () => {
    const prepared: (readonly [attempt: number, index: number])[] = []
    const { sinkOf, batches } = memorySink(({ time, index, attempt, records }) => {
      if (time.milliseconds === 1000 && index === 2 && attempt === 1) throw new RangeError('away')
      prepared.push([attempt, index])
      return records
    })
    const { error } = await written([many], sinkOf)
    expect(error).toBeUndefined()
    expect(
      prepared
        .filter(([attempt]) => attempt === 2)
        .map(([, index]) => index)
        .sort(),
    ).toEqual([0, 1, 2, 3])
    expect(batches[0]!.prepared).toEqual(sliced(many, 4))
  })

  test('a writer that cannot be opened fails the attempt, and is opened again', async () => {
    let tries = 0
    const { sinkOf, batches } = memorySink()
    const failing: SinkOf = (worker) => ({
      ...sinkOf(worker),
      openWriter: () => (++tries === 1 ? Promise.reject(new Error('away')) : undefined),
    })
    const { error } = await written([many], failing)
    expect(error).toBeUndefined()
    expect(tries).toBeGreaterThan(1)
    expect(batches[0]!.prepared).toEqual(sliced(many, 4))
  })

  test('openWriter is a function', () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const sink = { ...memorySink().sinkOf(0), openWriter: 'yes' } as unknown as TwoPhaseSink<number>
    expect(() => t.input(rowsOfNothing).to(sink)).toThrow(
      expect.objectContaining({ code: 'bad-option', message: expect.stringMatching(/sink\.openWriter/) }),
    )
  })

  test('what is prepared to no plain data is prepared again in the thread of the batches', async () => {
    const { sinkOf, batches } = memorySink(
      ({ records }) =>
        () =>
          records,
    )
    await written([many], sinkOf)
    expect(batches[0]!.prepared.map((f) => (f as () => unknown)())).toEqual(sliced(many, 4))
  })
})

describe('a shared file sink', () => {
  const read = async (place: string): Promise<unknown[]> => {
    const batches: unknown[] = []
    for await (const { time, lines } of readFileSink(place)) batches.push([time.milliseconds, lines])
    return batches
  }

  test('has the batches of one that is not, with files of workers', async () => {
    const place = join(root, `place-${next++}`)
    const { error, tasks } = await written([many, [], many.slice(1)], () => fileSink(place, { shared: true }))
    expect(error).toBeUndefined()
    expect(tasks.onWorkers).toBeGreaterThan(0)
    const linesOf = (row: readonly number[]): string[] => row.map((n) => String(n + 1))
    const batches = await read(place)
    expect(batches.slice(0, 3)).toEqual([[1000, linesOf(many)], [2000, []], [3000, linesOf(many.slice(1))]]) // prettier-ignore
    const names = (await readdir(place)).filter((name) => name.startsWith('batch-'))
    expect(names.some((name) => /^batch-1000-0000\d\.[0-9a-f]{12}$/.test(name))).toBe(true)
    expect(names).toHaveLength(8)
  })

  test('whose workers write elsewhere is refused with what to do', async () => {
    const places = Array.from({ length: 3 }, () => join(root, `place-${next++}`))
    const { error } = await written([many], (worker) => fileSink(places[worker]!, { shared: true }))
    expect(error).toMatchObject({
      code: 'part-missing',
      message: expect.stringMatching(/its part \d was written as "batch-1000-0000\d\.[0-9a-f]+" and is not there/),
    })
    expect(await read(places[0]!)).toEqual([])
  })

  describe('sinkContract', () => {
    const rules = sinkContract<string>(() => {
      const storage = memoryStorage()
      return {
        sink: () => fileSink(storage, { shared: true }),
        record: (n) => `record ${n}`,
        read: async () => {
          const all: string[] = []
          for await (const { lines } of readFileSink(storage)) all.push(...lines)
          return all
        },
      }
    })
    test.each(rules.map(({ name, run }): [string, () => Promise<void>] => [name, run]))('%s', (_, run) => run())
  })
})
