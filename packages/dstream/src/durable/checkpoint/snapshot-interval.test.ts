import { describe, expect, test } from 'vitest'
import { Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import { memoryStorage, type MemoryStorage } from '../../testing/simulated-disk/memory-storage.js'
import { listSnapshots, readSnapshot } from './snapshot.js'
import { openTiny } from '../../../test/checkpoint/tiny-job.js'

const large = { segmentBytes: 1 << 20, snapshotBytes: 1 << 20, keepSnapshots: 100 }
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
function times(count: number): number[] {
  return Array.from({ length: count }, (_, i) => (i + 1) * 1000)
}

/** As of which batches there are snapshots. */
async function snapshotTimes(storage: MemoryStorage): Promise<(number | undefined)[]> {
  const states = (await listSnapshots(storage)).map((next) => readSnapshot(storage, next))
  return (await Promise.all(states)).map(({ lastCommitted }) => lastCommitted)
}

interface Life {
  readonly until: number
  readonly snapshotMs?: number
  readonly limits?: Partial<typeof large>
  /** Batches that change something; default all. */
  readonly changing?: readonly number[]
  readonly errors?: unknown[]
}

/** A life of one commit a second, each with the time that it needs for a snapshot. */
async function live(storage: MemoryStorage, { until, snapshotMs, limits, changing, errors }: Life): Promise<void> {
  const onSnapshotError = (error: unknown): void => void errors?.push(error)
  const { checkpoint, recovered } = await openTiny(storage, {
    limits: { ...large, ...limits },
    more: { snapshotMs, onSnapshotError },
  })
  for (const time of times(until).filter((time) => time > (recovered.lastCommitted ?? 0))) {
    const changes = changing?.includes(time) === false ? [] : [{ key: 'k', value: time, touched: time, gone: false }]
    await checkpoint.journal.allocate(time)
    await checkpoint.commit({
      time,
      tables: [{ operator: 'totals', table: 'state', changes }],
      positions: new Map([['files', time]]),
    })
    checkpoint.snapshotIfDue(() => ({ tables: [], remembered: [] }))
    await turn()
  }
  await checkpoint.close()
}

describe('a snapshot is taken', () => {
  test.each<[string, Life[], number[]]>([
    ['never for the time, where no interval is asked for', [{ until: 9 }], []],
    ['when the interval has passed', [{ until: 9, snapshotMs: 3000 }], [3000, 6000, 9000]],
    ['once there is something new', [{ until: 9, snapshotMs: 3000, changing: [2000, 7000] }], [3000, 7000]],
    ['for what was new before the life', [{ until: 2 }, { until: 9, snapshotMs: 3000, changing: [] }], [3000]],
    ['on the beat of the life before', [{ until: 4, snapshotMs: 3000 }, { until: 9, snapshotMs: 3000 }], [3000, 6000, 9000]], // prettier-ignore
    ['not again in a life in which nothing is new', [{ until: 3, snapshotMs: 3000 }, { until: 9, snapshotMs: 3000, changing: [] }], [3000]], // prettier-ignore
    ['when the log has grown, as without an interval', [{ until: 4, snapshotMs: 9000, limits: { snapshotBytes: 1 } }], times(4)], // prettier-ignore
    ['when the interval has passed since the log had grown', [{ until: 3, limits: { snapshotBytes: 1 } }, { until: 9, snapshotMs: 4000 }], [1000, 2000, 3000, 7000]], // prettier-ignore
  ])('%s', async (_, lives, expected) => {
    const storage = memoryStorage()
    for (const life of lives) await live(storage, life)
    expect(await snapshotTimes(storage)).toEqual(expected)
  })

  test('after one that failed when the interval has passed again, also when nothing is new since', async () => {
    let failures = 0
    const storage = memoryStorage({
      fault: ({ op, path }) =>
        op === 'create' && path.startsWith('snapshots/') && failures++ === 0 ? { error: 'ENOSPC' } : undefined,
    })
    const errors: unknown[] = []
    await live(storage, { until: 9, snapshotMs: 2000, changing: [1000], errors })
    expect(errors).toMatchObject([{ code: 'disk-full' }])
    expect(await snapshotTimes(storage)).toEqual([4000])
  })
})

describe('checkpoint(interval)', () => {
  test.each<[string, readonly number[], number[]]>([
    ['of one state', [4], [8000, 12_000]],
    ['of several: the shortest', [6, 5], [5000, 10_000]],
    ['that nobody has called', [], []],
  ])('%s', async (_, intervals, expected) => {
    const storage = memoryStorage()
    const t = new TestContext({ batchInterval: Seconds(1), storage })
    const pairs = t.input(Array.from({ length: 12 }, (_, i) => [`k${i % 5}`])).mapToPair((word) => [word, 1])
    const totals = () => pairs.runningReduceByKey((a, b) => a + b)
    totals().print()
    for (const seconds of intervals) totals().checkpoint(Seconds(seconds)).print()
    await t.run()
    await t.stop()
    // Of all that were taken the last two are kept, and the commits since the older one.
    expect(await snapshotTimes(storage)).toEqual(expected)
    expect((await storage.list('commits/')).length).toBeLessThanOrEqual(3)
  })
})
