import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Seconds, textForm, type DStream, type StreamingContextOptions } from 'dstream'
import { hostJob } from 'dstream/cluster'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fileDisk } from '../src/platform/files/file-disk.js'
import { encodePart } from '../src/platform/files/rdd-files.js'
import { DiskState } from '../src/testing/simulated-disk/disk-state.js'
import { MemoryDisk } from '../src/testing/simulated-disk/memory-disk.js'
import { batchesOf } from './laws.js'
import { loopbackWorkers, tasksOf, type WorkerFaults } from './loopback-workers.js'

let root: string
let next = 0
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'dstream-threads-saves-'))))
afterAll(() => rm(root, { recursive: true }))
// The file systems of URIs are folders of this machine.
const pathOf = (uri: string): string => uri.slice('test://'.length)
beforeEach(() => hostJob({ folder: (uri) => fileDisk(pathOf(uri)) }))
afterEach(() => hostJob({}))

type Define = (numbers: DStream<number>) => DStream<unknown>
type Options = Partial<StreamingContextOptions> & Pick<WorkerFaults, 'endsBefore' | 'replied'>

/** Writes the files of workers, each under a new name. */
async function writePart(folder: string, chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const name = `by-worker-${next++}`
  await writeFile(join(pathOf(folder), name), await whole(chunks), { flag: 'wx' })
  return name
}

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

function bytesIn(platter: DiskState, name: string): Buffer {
  const { data, size } = platter.files.get(name)!
  return Buffer.from(data.slice(0, size))
}

/** Saves the batches of a stream in both forms. Returns the bytes of all files by path, and what the tasks were. */
async function saved(
  at: 'path' | 'uri',
  rows: readonly (readonly number[])[],
  define: Define,
  { endsBefore, replied, ...options }: Options = {},
) {
  const folder = join(root, `case-${next++}`)
  const prefix = (name: string): string => `${at === 'uri' ? 'test://' : ''}${folder}/${name}`
  const make = (workers?: ReturnType<typeof loopbackWorkers>): TestContext => {
    const given = { batchInterval: Seconds(1), ...options, ...(workers && { threads: 3 }) }
    const t = new TestContext(given, workers && { workers })
    const stream = define(t.input(rows, { numPartitions: 4 }))
    stream.saveAsTextFiles(prefix('text'), 'txt')
    stream.saveAsObjectFiles(prefix('objects'))
    return t
  }
  const faults = { leastBytes: 0, writePart, ...(endsBefore && { endsBefore }), ...(replied && { replied }) }
  const t = at === 'uri' ? make(loopbackWorkers(() => make().ssc, faults)) : make()
  const error = await t.run(rows.length).catch((e: unknown) => e)
  const tasks = tasksOf(t.ssc)
  await t.stop().catch(() => undefined)
  const files: Record<string, string> = {}
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const { name, parentPath } of entries.filter((entry) => entry.isFile())) {
    const path = join(parentPath, name)
    files[path.slice(folder.length + 1)] = (await readFile(path)).toString('base64')
  }
  return { files, tasks, error }
}

const many = Array.from({ length: 400 }, (_, i) => (i * 7919) % 1009)
const streams: readonly [string, Define][] = [
  ['records', (numbers) => numbers],
  ['steps', (numbers) => numbers.filter((n) => n % 3 > 0).map((n) => ({ n, text: `n${n}` }))],
  [
    'groups, whose text is that of Spark',
    (numbers) => numbers.mapToPair((n) => [n % 7, n]).groupByKey({ numPartitions: 3 }),
  ],
]

describe('at a URI, workers write the parts', () => {
  test.each(streams)('%s are the files of one thread, byte by byte', async (_, define) => {
    const rows = [many, many.slice(1), []]
    const [here, there] = [await saved('path', rows, define), await saved('uri', rows, define)]
    expect(there.files).toEqual(here.files)
    expect(there.error).toBeUndefined()
    expect(there.tasks.onWorkers).toBeGreaterThan(0)
  })

  test('law: the parts are the slices of the arrays', () =>
    fc.assert(
      fc.asyncProperty(batchesOf(fc.integer()), fc.integer({ min: 1, max: 5 }), async (rows, numPartitions) => {
        const platter = new DiskState()
        const disk = new MemoryDisk(platter, () => undefined, () => undefined) // prettier-ignore
        hostJob({ folder: () => disk })
        const inMemory: WorkerFaults['writePart'] = async (folder, chunks) => {
          const name = `by-worker-${next++}`
          const file = await disk.create(`${folder.slice('test://out/'.length)}/${name}`)
          for await (const chunk of chunks) await file.write(chunk)
          return name
        }
        const make = (workers?: ReturnType<typeof loopbackWorkers>): TestContext => {
          const t = new TestContext(
            { batchInterval: Seconds(1), ...(workers && { threads: 3 }) },
            workers && { workers },
          )
          const pairs = t.input(rows, { numPartitions }).map((n) => [n, `n${n}`])
          pairs.saveAsTextFiles('test://out/text')
          pairs.saveAsObjectFiles('test://out/objects')
          return t
        }
        const t = make(loopbackWorkers(() => make().ssc, { leastBytes: 0, writePart: inMemory }))
        await t.run(rows.length)
        await t.stop()
        for (const [b, row] of rows.entries()) {
          const at = (p: number): number => Math.floor((p * row.length) / numPartitions)
          for (let p = 0; p < numPartitions; p++) {
            const slice = row.slice(at(p), at(p + 1)).map((n): [number, string] => [n, `n${n}`])
            const lines = slice.map(([n, text]) => `${textForm([n, text])}\n`).join('')
            const part = `${(b + 1) * 1000}/part-0000${p}`
            expect(bytesIn(platter, `text-${part}`)).toEqual(Buffer.from(lines))
            expect(bytesIn(platter, `objects-${part}`)).toEqual(await whole(encodePart('objects', slice)))
          }
        }
        const parts = [...platter.files.keys()].filter((name) => /part-\d+$/.test(name))
        expect(parts.filter((name) => Number(/-(\d+)\//.exec(name)![1]) <= rows.length * 1000)).toHaveLength(
          rows.length * numPartitions * 2,
        )
        expect([...platter.folders].filter((name) => name.startsWith('.'))).toEqual([])
      }),
      { numRuns: 25 },
    ))

  test('a worker that ends has its part written again', async () => {
    let saves = 0
    const endsBefore = (frame: { readonly type: string; readonly plan?: object }): boolean =>
      frame.plan !== undefined && 'save' in frame.plan && ++saves === 2
    const define: Define = (numbers) => numbers.map((n) => n + 1)
    const [here, there] = [await saved('path', [many], define), await saved('uri', [many], define, { endsBefore })]
    expect(there.files).toEqual(here.files)
    expect(saves).toBeGreaterThan(1)
  })

  test('the file of a reply that is lost is no part', async () => {
    let lost = 0
    const replied: WorkerFaults['replied'] = (frame) =>
      frame.type === 'saved' && lost++ === 0 ? { type: 'failed', id: frame.id, forGood: false, reason: 'lost' } : frame
    const define: Define = (numbers) => numbers
    const [here, there] = [await saved('path', [many], define), await saved('uri', [many], define, { replied })]
    expect(there.files).toEqual(here.files)
    expect(there.tasks.repeated).toBe(1)
  })

  const no5 = (n: number): number => {
    if (n === 5) throw new RangeError('no 5')
    return n
  }
  test.each<[string, Define, object]>([
    ['a step that throws', (numbers) => numbers.map(no5), { message: 'no 5' }],
    [
      'a record that cannot be saved',
      (numbers) => numbers.map((n) => (n === 5 ? () => n : n)),
      { code: 'record-not-savable' },
    ],
  ])('%s is the error of one thread, and nothing is left of its directory', async (_, define, error) => {
    const rows = [
      [1, 2, 3, 4],
      [1, 5, 2, 3],
    ]
    const options = { retry: { attempts: 1 } }
    const [here, there] = [await saved('path', rows, define, options), await saved('uri', rows, define, options)]
    expect([here.error, there.error]).toMatchObject([error, error])
    expect(there.files).toEqual(here.files)
  })
})

test('a job with a prefix that is a URI does not start where no program has brought its file system', async () => {
  hostJob({})
  const t = new TestContext({ batchInterval: Seconds(1) })
  t.input([[1]]).saveAsTextFiles('hdfs://name:8020/out/words')
  await expect(t.run(1)).rejects.toMatchObject({
    code: 'no-file-system',
    message: expect.stringMatching(/^Cannot save to "hdfs:.*npx dstream-spark run .*or give a path of this machine$/),
  })
})
