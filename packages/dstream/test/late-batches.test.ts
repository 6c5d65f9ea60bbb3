import { Receiver, Seconds, StreamingContext, type Storage } from 'dstream'
import { ManualClock } from 'dstream/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CrashableContext } from '../src/testing/crashable-context.js'
import { turn } from '../src/testing/turn.js'
import { memoryStorage } from '../src/testing/simulated-disk/memory-storage.js'

class Hand extends Receiver<number> {
  onStart(): void {}
  onStop(): void {}
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** A job on a storage, whose clock jumps over several ticks at once. */
class Job {
  readonly receiver = new Hand()
  readonly clock: ManualClock
  readonly ssc: CrashableContext
  /** Batch time → the ids that an output got. */
  readonly seen = new Map<number, number[]>()
  /** Called in an output, with the time of the batch. */
  onBatch: (time: number) => void = () => undefined

  constructor(storage: Storage, startMs: number, onAppend: () => void = () => undefined) {
    this.clock = new ManualClock(startMs)
    const counting: Storage = Object.assign(Object.create(storage) as Storage, {
      append: (file: string, bytes: Uint8Array) => {
        if (bytes.length > 0) onAppend()
        return storage.append(file, bytes)
      },
    })
    this.ssc = new CrashableContext(
      { batchInterval: Seconds(1), clock: this.clock, logger: silent, storage: counting },
      { virtualTime: true },
    )
    const ids = this.ssc.receiverStream(this.receiver)
    ids
      .window(Seconds(2))
      .mapToPair((id) => [id, 1])
      .runningReduceByKey((a, b) => a + b)
      .uid('in windows')
      .foreachRDD(() => {})
    ids.mapToPair((id) => [id, 1]).runningReduceByKey((a, b) => a + b).uid('counts').foreachRDD(() => {}) // prettier-ignore
    ids.foreachRDD(async (rdd, time) => {
      this.seen.set(time.milliseconds, await rdd.collect())
      this.onBatch(time.milliseconds)
    })
  }

  /** Moves the clock over some ticks and runs their batches. */
  async jump(ticks: number): Promise<void> {
    this.clock.moveTo(this.clock.now() + ticks * 1000)
    while (this.clock.runNext(this.clock.now())) await turn()
    await this.ssc.engine?.idle()
  }

  /** Resolves to the count of each id in a state. */
  counts(name: string): Map<number, number> {
    const states = this.ssc.engine!.states()[`${name}/state`] as [number, number][]
    return new Map(states)
  }
}

describe('late batches', () => {
  test('begin together: the first has all data, and those without data share one commit', async () => {
    let appends = 0
    const job = new Job(memoryStorage(), 0, () => appends++)
    await job.ssc.start()
    job.receiver.store(1)
    await job.jump(1)
    const perBatch = appends
    job.receiver.store(2)
    await job.jump(10)
    expect(job.seen).toEqual(new Map([[1000, [1]], [2000, [2]], ...Array.from({ length: 9 }, (_, i) => [3000 + i * 1000, []] as [number, number[]])])) // prettier-ignore
    // One append for the block and all allocations, one for the commit of the first, and one for that of all others.
    expect(appends - perBatch).toBe(perBatch + 1)
    expect(job.ssc.lastProgress?.batchTime).toBe(11_000)
    await job.ssc.stop()
  })

  test('a stop without grace commits them', async () => {
    const storage = memoryStorage()
    const job = new Job(storage, 0)
    await job.ssc.start()
    let stopped: Promise<void> | undefined
    job.onBatch = (time) => {
      if (time === 5000) queueMicrotask(() => (stopped = job.ssc.stop({ gracefully: false })))
    }
    job.receiver.store(1)
    await job.jump(10)
    await stopped
    const last = Math.max(...job.seen.keys())
    expect(last).toBeLessThan(10_000)
    const next = new Job(storage, 20_000)
    await next.ssc.start()
    expect(next.ssc.engine?.store.committed).toBe(last)
    await next.ssc.stop()
  })
})

type Step = { readonly store: number } | { readonly jump: number }
const steps = fc.array(fc.oneof(fc.record({ store: fc.integer({ min: 1, max: 3 }) }), fc.record({ jump: fc.integer({ min: 1, max: 6 }) })), { maxLength: 12 }) // prettier-ignore

/** Takes the steps, and returns the ids whose storing was confirmed. */
async function live(job: Job, todo: readonly Step[], firstId: number, confirmed: Set<number>): Promise<void> {
  let id = firstId
  for (const step of todo) {
    if ('jump' in step) await job.jump(step.jump)
    else {
      const ids = Array.from({ length: step.store }, () => id++)
      void job.receiver.storeBlock(ids).then(() => ids.forEach((each) => confirmed.add(each)), () => undefined) // prettier-ignore
    }
  }
}

test('over a crash at any call of the disk, confirmed records count once, and a batch that runs again has the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      steps,
      fc.nat(120),
      fc.constantFrom('lost' as const, 'kept' as const, 'torn' as const),
      async (first, second, at, unsynced) => {
        // prettier-ignore
        const storage = memoryStorage({ fault: ({ index }) => (index === at ? { crash: 'before' } : undefined) })
        const confirmed = new Set<number>()
        const job = new Job(storage, 0)
        const running = job.ssc.start().then(() => live(job, first, 0, confirmed))
        await Promise.race([running, storage.crashed])
        const nowMs = job.clock.now()
        void job.ssc.crash()
        const acknowledged = [...confirmed]
        const next = new Job(storage.crash({ unsynced }), nowMs)
        await next.ssc.start()
        await next.jump(1)
        await live(next, second, 1000, confirmed)
        await next.jump(4)
        const counts = next.counts('counts')
        expect([...counts.values()].every((n) => n === 1)).toBe(true)
        for (const id of acknowledged) expect(counts.get(id)).toBe(1)
        expect([...next.counts('in windows').values()].every((n) => n === 2)).toBe(true)
        for (const [time, ids] of job.seen) if (next.seen.has(time)) expect(next.seen.get(time)).toEqual(ids)
        await next.ssc.stop()
      },
    ),
    { numRuns: 80 },
  )
})

test('without a checkpoint, each late batch takes what has come before it', async () => {
  const clock = new ManualClock(0)
  const ssc = new StreamingContext({ batchInterval: Seconds(1), clock, logger: silent }, { virtualTime: true })
  const receiver = new Hand()
  const seen: number[][] = []
  ssc.receiverStream(receiver).foreachRDD(async (rdd) => {
    seen.push(await rdd.collect())
    if (seen.length === 1) receiver.store(2)
  })
  await ssc.start()
  receiver.store(1)
  clock.moveTo(3000)
  while (clock.runNext(3000)) await turn()
  await ssc.engine!.idle()
  expect(seen).toEqual([[1], [2], []])
  await ssc.stop()
})
