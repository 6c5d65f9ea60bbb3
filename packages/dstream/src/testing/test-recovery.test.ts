import { Seconds, type DStream } from 'dstream'
import { memoryStorage, type Storage } from 'dstream/storage'
import { crashPoints, testRecovery, TestContext } from 'dstream/testing'
import { describe, expect, test } from 'vitest'

const words = [['a', 'b'], ['a'], [], ['c', 'a'], ['b']]
function add(a: number, b: number): number {
  return a + b
}

describe('a crash at every point of every batch changes nothing', () => {
  test.each([
    ['a count per batch', (t: TestContext, s) => void t.output(s.countByValue())],
    ['running totals', (t, s) => void t.output(s.mapToPair((w) => [w, 1]).runningReduceByKey(add))],
    [
      'updateStateByKey that drops keys',
      (t, s) =>
        void t.output(
          s
            .mapToPair((w) => [w, 1])
            .updateStateByKey<number>((values, n = 0) => (n >= 2 ? undefined : n + values.length)),
        ),
    ],
    ['a window', (t, s) => void t.output(s.window(Seconds(3)).countByValue())],
    ['a window below a map', (t, s) => void t.output(s.map((w) => w + w).window(Seconds(2), Seconds(2)))],
    [
      'a window below a state',
      (t, s) =>
        void t.output(
          s
            .mapToPair((w) => [w, 1])
            .runningReduceByKey(add)
            .window(Seconds(3))
            .count(),
        ),
    ],
    ['an incremental window', (t, s) => void t.output(s.countByValueAndWindow(Seconds(2), Seconds(1)))],
    ['an incremental count', (t, s) => void t.output(s.countByWindow(Seconds(3), Seconds(1)))],
    [
      'two outputs that share a state',
      (t, s) => {
        const totals = s.mapToPair((w) => [w, 1]).runningReduceByKey(add)
        t.output(totals.top(1, ([, n]) => n))
        t.output(totals.map(([w]) => w))
      },
    ],
    [
      'a state on a state',
      (t, s) =>
        void t.output(
          s
            .mapToPair((w) => [w, 1])
            .runningReduceByKey(add)
            .mapToPair(([, n]) => [n, 1])
            .updateStateByKey<number>((values, n = 0) => n + values.length),
        ),
    ],
  ] as [string, Parameters<typeof testRecovery<string>>[0]][])('%s', async (_, define) => {
    const { runs, points } = await testRecovery(define, words)
    expect(points).toBeGreaterThanOrEqual(8)
    expect(runs).toBeGreaterThanOrEqual(points)
  })

  test('nor one at every point of a snapshot', async () => {
    const points = crashPoints.filter((name) => name.startsWith('snapshot:'))
    const define = (t: TestContext, s: DStream<string>) =>
      void t.output(
        s
          .mapToPair((w) => [w, 1])
          .runningReduceByKey(add)
          .checkpoint(Seconds(2)),
      )
    // Of five batches the second and the fourth have a snapshot.
    expect(await testRecovery(define, words, { crashAt: points })).toEqual({
      runs: points.length * 2,
      points: points.length,
    })
  })

  test('it names what differs', async () => {
    let life = 0
    const job = (t: TestContext, s: Parameters<Parameters<typeof testRecovery<string>>[0]>[1]): void => {
      const offset = life++ % 3
      t.output(s.map((w) => `${w}${offset}`))
    }
    await expect(testRecovery(job, words, { crashAt: ['batch:begin'] })).rejects.toThrow(/batch:begin/)
  })
})

describe('crashAndRecover', () => {
  const define = (t: TestContext) => ({
    totals: t.output(
      t
        .input(words)
        .mapToPair((w) => [w, 1])
        .runningReduceByKey(add),
    ),
  })

  test('goes on where it was, with the rows of the times', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    define(t)
    await t.run(2)
    const again = await t.crashAndRecover(define)
    await again.run()
    expect(again.defined.totals.times).toEqual([3000, 4000, 5000])
    expect(again.defined.totals.batches.at(-1)).toEqual([
      ['a', 3],
      ['b', 2],
      ['c', 1],
    ])
  })

  test('missed batches run at the first run, each at its own time', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    define(t)
    await t.run(1)
    const again = await t.crashAndRecover(define, { downtime: Seconds(2) })
    await again.run(1)
    expect(again.defined.totals.times).toEqual([2000, 3000, 4000])
  })

  test('missed batches may be skipped', async () => {
    const t = new TestContext({ batchInterval: Seconds(1), missedBatches: 'skip' })
    define(t)
    await t.run(1)
    const again = await t.crashAndRecover(define, { downtime: Seconds(2) })
    await again.run(1)
    expect(again.defined.totals.times).toEqual([4000])
  })

  test('a point that does not exist, or is not come to, is named', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    define(t)
    await expect(t.crashAndRecover(define, { at: 'nowhere' })).rejects.toThrow(crashPoints[0])
  })

  test('records pushed by hand before the crash are in exactly one batch', async () => {
    const define = (t: TestContext) => {
      const source = t.source<string>()
      return { source, out: t.output(source.stream.mapToPair((w) => [w, 1]).runningReduceByKey(add)) }
    }
    const t = new TestContext({ batchInterval: Seconds(1) })
    const { source } = define(t)
    source.push('x', 'y')
    const again = await t.crashAndRecover(define, { at: 'batch:evaluated' })
    await again.run(1)
    expect(again.defined.out.batches.at(-1)).toEqual([
      ['x', 1],
      ['y', 1],
    ])
  })

  test('an output that failed is run once more in the next life', async () => {
    const attempts: [number, boolean][] = []
    let broken = true
    const define = (t: TestContext): void => {
      t.input(words).foreachRDD((_, time, { replayed }) => {
        attempts.push([time.milliseconds, replayed])
        if (broken) throw new Error('broken')
      })
    }
    const t = new TestContext({ batchInterval: Seconds(1), retry: { attempts: 1 } })
    define(t)
    await t.run(1).catch(() => undefined)
    broken = false
    const again = await t.crashAndRecover(define)
    await again.run(1)
    expect(attempts).toEqual([
      [1000, false],
      [1000, true],
      [2000, false],
    ])
  })

  test('a snapshot that is under way is written no further, whatever the storage', async () => {
    const disk = memoryStorage()
    let part!: () => void
    const first = new Promise<void>((resolve) => (part = resolve))
    let parts = 0
    const { append, read, list, lock } = disk
    const put = (file: string, bytes: Uint8Array): Promise<void> =>
      file.startsWith('snapshots/') && parts++ === 0 ? first : disk.put(file, bytes)
    const storage: Storage = { append, read, list, lock, put, delete: disk.delete }
    const define = (t: TestContext) =>
      t.output(
        t
          .input(words)
          .mapToPair((w) => [w, 1])
          .runningReduceByKey(add)
          .checkpoint(Seconds(1)),
      )
    const t = new TestContext({ batchInterval: Seconds(1), storage })
    define(t)
    await t.run(1)
    const again = await t.crashAndRecover(define)
    await again.run(3)
    await again.ssc.stop()
    const files = disk.files()
    expect(parts).toBeGreaterThan(1)
    part()
    await new Promise((resolve) => setImmediate(resolve))
    expect(disk.files()).toEqual(files)
  })

  test('a state whose function throws keeps its input, over a crash too', async () => {
    let broken = true
    const define = (t: TestContext) => ({
      out: t.output(
        t
          .input(words)
          .mapToPair((w) => {
            if (broken && w === 'b') throw new Error('poison')
            return [w, 1]
          })
          .runningReduceByKey(add),
      ),
    })
    const t = new TestContext({ batchInterval: Seconds(1) })
    define(t)
    await expect(t.run(2)).rejects.toThrow('poison')
    broken = false
    const again = await t.crashAndRecover(define)
    await again.run()
    expect(again.defined.out.batches.at(-1)).toEqual([
      ['a', 3],
      ['b', 2],
      ['c', 1],
    ])
  })
})
