import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Seconds } from 'dstream'
import { fileStorage, memoryStorage, type Storage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import { fileSink, readFileSink } from './index.js'

const rows = [['a', 'b'], [], ['c']]
const expected = [
  [1000, ['a', 'b']],
  [2000, []],
  [3000, ['c']],
]

async function directory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'dstream-sink-crash-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  return dir
}
async function read(place: string | Storage) {
  const found: (readonly [number, readonly string[]])[] = []
  for await (const { time, lines } of readFileSink(place)) found.push([time.milliseconds, lines])
  return found
}
async function turns(): Promise<void> {
  for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve))
}

describe('crashAndRecover of a job with a file sink', () => {
  const points = [undefined, 'batch:allocated', 'output:begin', 'output:done', 'commit:appended', 'batch:forgotten']
  const storages: [string, (dir: string) => Storage][] = [
    ['in memory', () => memoryStorage()],
    ['in a directory', (dir) => fileStorage(join(dir, 'checkpoint'))],
  ]
  test.each(points.flatMap((at) => storages.map(([name, make]) => [at, name, make] as const)))(
    'at %s, on a checkpoint %s: each batch is there once',
    async (at, _, make) => {
      const dir = await directory()
      const out = join(dir, 'out')
      const define = (t: TestContext) => t.input(rows).to(fileSink(out))
      let t = new TestContext({ batchInterval: Seconds(1), storage: make(dir) })
      define(t)
      await t.run(1)
      for (let life = 0; life < 2; life++) t = await t.crashAndRecover(define, { at })
      await t.run(3)
      await t.ssc.stop()
      const found = await read(out)
      expect(found.slice(0, 3)).toEqual(expected)
      expect(found.slice(3)).toEqual(found.slice(3).map((_, i) => [(i + 4) * 1000, []]))
    },
  )

  test.each<[string, (dir: string) => string | Storage]>([
    ['a directory', (dir) => dir],
    ['a storage of files', (dir) => fileStorage(dir)],
    ['a storage in memory', () => memoryStorage()],
  ])('the sink may be one and the same in all lives: %s', async (_, make) => {
    const place = make(await directory())
    const sink = fileSink<string>(place)
    const define = (t: TestContext) => t.input(rows).to(sink)
    const t = new TestContext({ batchInterval: Seconds(1) })
    define(t)
    await t.run(1)
    const again = await t.crashAndRecover(define)
    await again.run(2)
    // The crashed run writes nothing any more.
    await t.ssc.stop()
    await again.run(1)
    await again.ssc.stop()
    expect(await read(place)).toEqual([...expected, [4000, []]])
  })

  test('a batch of which a file was written and the line was not is not there until it is run again', async () => {
    const dir = await directory()
    let reached!: () => void
    const writing = new Promise<void>((resolve) => (reached = resolve))
    const encode = (record: string): string => {
      if (record === 'b') reached()
      return record
    }
    const define = (t: TestContext) => t.input(rows, { numPartitions: 2 }).to(fileSink(dir, { encode }))
    const t = new TestContext({ batchInterval: Seconds(1) })
    define(t)
    void t.run(1)
    await writing
    const again = await t.crashAndRecover(define)
    await turns()
    expect((await readdir(dir)).filter((name) => name.startsWith('batch-'))).toEqual(['batch-1000-00000'])
    expect(await read(dir)).toEqual([])
    await again.run(2)
    await again.ssc.stop()
    expect(await read(dir)).toEqual(expected)
  })

  test('until it crashes, the directory is its own', async () => {
    const dir = await directory()
    const define = (t: TestContext) => t.input(rows).to(fileSink(dir))
    const t = new TestContext({ batchInterval: Seconds(1) })
    define(t)
    await t.run(1)
    const other = new TestContext({ batchInterval: Seconds(1) })
    define(other)
    await expect(other.run(1)).rejects.toMatchObject({ code: 'storage-locked' })
    const again = await t.crashAndRecover(define)
    await again.run(1)
    await again.ssc.stop()
  })
})
