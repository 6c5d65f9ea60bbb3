import { Milliseconds, Seconds, StreamingContext, Time, type Attempt, type OutputOptions, type Sink } from 'dstream'
import { memoryStorage } from 'dstream/storage'
import { TestContext, type TestContextOptions } from 'dstream/testing'
import { describe, expect, test } from 'vitest'

// An output sees its batches in order, each until it is done or given up for good.

const second = { batchInterval: Seconds(1) }
const away = new Error('the store is away')

/** A store of balances, in which the last write wins. */
class Store {
  balance: number | undefined
  readonly writes: number[] = []
  last: Time | undefined
  sink(fails: (time: number, attempt: number) => boolean, more: Partial<Sink<number>> = {}): Sink<number> {
    return {
      lastCommitted: () => this.last,
      write: async ({ time, rdd, attempt }) => {
        const records = await rdd.collect()
        if (fails(time.milliseconds / 1000, attempt)) throw away
        this.balance = records[0]
        this.writes.push(time.milliseconds / 1000)
        this.last = time
      },
      ...more,
    }
  }
}

const rows = [[1], [2], [3], [4]]

describe('a batch whose write fails', () => {
  test('once: it is tried again before the next one, and the store ends with the newest balance', async () => {
    const store = new Store()
    const t = new TestContext(second)
    t.input(rows).to(store.sink((time, attempt) => time === 3 && attempt === 1))
    await t.run()
    expect([store.writes, store.balance]).toEqual([[1, 2, 3, 4], 4])
    expect(t.errors.map(({ time, attempt, final }) => [time, attempt, final])).toEqual([[3000, 1, false]])
    const next = await t.crashAndRecover((at) => at.input(rows).to(store.sink(() => false)))
    await next.run(2)
    expect([store.writes.slice(0, 4), store.balance]).toEqual([[1, 2, 3, 4], undefined])
  })

  test('in every attempt: the job stops with that error, and the next life begins with that batch of that output', async () => {
    const store = new Store()
    const t = new TestContext(second)
    const define = (fails: boolean) => (at: TestContext) => {
      const stream = at.input(rows)
      stream.to(store.sink((time) => fails && time === 3))
      return at.output(stream)
    }
    const other = define(true)(t)
    const ended = t.ssc.awaitTermination()
    await expect(t.run()).rejects.toBe(away)
    await expect(ended).rejects.toBe(away)
    expect(t.errors).toHaveLength(4)
    expect([t.ssc.getState(), store.writes, other.batches]).toEqual(['STOPPED', [1, 2], [[1], [2], [3]]])
    const next = await t.crashAndRecover(define(false))
    await next.run(1)
    expect([store.writes, store.balance]).toEqual([[1, 2, 3, 4], 4])
    // The other output was done with the batch.
    expect(next.defined.batches).toEqual([[4]])
  })

  test('is skipped where onFailure says so: counted, and later batches go on', async () => {
    const store = new Store()
    const t = new TestContext({ ...second, retry: { attempts: 2 }, onFailure: 'skip' })
    t.input(rows).to(store.sink((time) => time === 3))
    await expect(t.run()).rejects.toBe(away)
    expect([store.writes, store.balance, t.ssc.getState()]).toEqual([[1, 2, 4], 4, 'ACTIVE'])
    expect(t.ssc.lastProgress!.outputs).toEqual([{ id: 'to#1', pendingBatches: 0, pendingBytes: 0, skippedBatches: 1 }])
    const next = await t.crashAndRecover((at) => at.input(rows).to(store.sink(() => false)))
    await next.run(1)
    expect(store.writes.slice(0, 3)).toEqual([1, 2, 4])
  })

  test.each([
    ['stop', 'STOPPED'],
    ['skip', 'ACTIVE'],
  ] as const)('a function decides: %s', async (action, state) => {
    const asked: unknown[] = []
    const t = new TestContext(second)
    t.input([[1]]).foreachRDD(() => Promise.reject(away), {
      retry: { attempts: 2 },
      onFailure: (error, failed) => (asked.push(error, failed), action),
    })
    await t.run().catch(() => undefined)
    expect(asked).toEqual([away, { output: 'foreachRDD#1', batchTime: 1000, attempts: 2 }])
    expect(t.ssc.getState()).toBe(state)
  })

  test('that a synchronous function fails is not tried again', async () => {
    let calls = 0
    const t = new TestContext(second)
    const mapped = t.input([[1]]).map(() => {
      calls++
      throw away
    })
    mapped.foreachRDD((rdd) => rdd.collect())
    await expect(t.run()).rejects.toBe(away)
    expect([calls, t.errors.length]).toEqual([1, 1])
  })

  test('that an asynchronous function above fails is tried again', async () => {
    let calls = 0
    const t = new TestContext(second)
    const out = t.output(
      t.input([[1]]).mapAsync(async (n) => {
        if (++calls < 3) throw away
        return n
      }),
    )
    await t.run()
    expect([calls, out.batches]).toEqual([3, [[1]]])
  })
})

describe('a store that is away', () => {
  const transient = { isTransient: (error: unknown) => error === away }

  test('uses up no attempt: the batches wait for it, and other outputs and states go on', async () => {
    const store = new Store()
    let isAway = true
    const t = new TestContext({ ...second, retry: { attempts: 1 } })
    const stream = t.input([[1], [2], [3], [4], [5], [6]])
    stream.to(store.sink(() => isAway, transient)).uid('store')
    const other = t.output(stream.count())
    await t.run(5)
    expect([store.writes, other.batches.length]).toEqual([[], 5])
    expect(t.ssc.lastProgress!.outputs).toMatchObject([{ id: 'store', pendingBatches: 5, skippedBatches: 0 }])
    isAway = false
    await t.run(1)
    expect(store.writes).toEqual([1, 2, 3, 4, 5, 6])
    expect(t.ssc.lastProgress!.outputs).toEqual([])
  })

  test('for more than a life: nothing is lost over 2,310 batches', async () => {
    const store = new Store()
    const many = Array.from({ length: 2310 }, (_, i) => [i + 1])
    const t = new TestContext({ ...second, retry: { attempts: Infinity } })
    t.input(many).to(store.sink(() => true))
    await t.run()
    expect(store.writes).toEqual([])
    const next = await t.crashAndRecover((at) => at.input(many).to(store.sink(() => false)))
    await next.run(1)
    expect(store.writes.length).toBe(2311)
    expect(store.writes).toEqual([...store.writes].sort((a, b) => a - b))
  })

  test('with order any, later batches pass the one that is tried again', async () => {
    const store = new Store()
    const t = new TestContext(second)
    const held = new Set<number>()
    t.input(rows).to(
      store.sink((time) => time === 2 && store.writes.length < 3, {
        ...transient,
        order: 'any',
        has: (time) => held.has(time.milliseconds),
      }),
    )
    await t.run()
    await t.run(1)
    expect(store.writes.slice(0, 4).sort()).toEqual([1, 2, 3, 4])
    expect(store.writes.indexOf(2)).toBeGreaterThan(store.writes.indexOf(3))
  })

  test('holds the sources back beyond maxBehind, and goes on with all records afterwards', async () => {
    let isAway = true
    const seen: string[] = []
    const t = new TestContext(second)
    const text = 'x'.repeat(1000)
    let next = 0
    const source = t.ssc.fromSource<string, number>({
      initial: () => 0,
      plan: (from) => (from < 20 ? from + 1 : from),
      read: (from) => [`${from} ${text}`],
    })
    source.foreachRDD(
      async (rdd) => {
        if (isAway) throw away
        seen.push(...(await rdd.collect()).map((record) => record.split(' ')[0]!))
      },
      { retry: { attempts: Infinity }, maxBehind: 3500 },
    )
    await t.run(15)
    next = t.ssc.lastProgress!.outputs[0]!.pendingBytes
    expect(next).toBeGreaterThan(3500)
    expect(next).toBeLessThan(7000)
    expect(t.ssc.getState()).toBe('ACTIVE')
    isAway = false
    await t.run(20)
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => String(i)))
  })

  test('a state that grows all the same is refused far beyond maxBehind, with what to do', async () => {
    const t = new TestContext(second)
    const words = t.inputPairs(
      Array.from({ length: 50 }, (_, i) => [[`key ${i}`, 'x'.repeat(500)] as [string, string]]),
    )
    words
      .runningReduceByKey((a) => a)
      .foreachRDD(() => Promise.reject(away), {
        retry: { attempts: Infinity },
        maxBehind: 2000,
      })
    await t.run().catch(() => undefined)
    await expect(t.ssc.awaitTermination()).rejects.toMatchObject({ code: 'output-too-far-behind' })
  })
})

describe('timeouts', () => {
  const options = (more: OutputOptions): OutputOptions => ({
    timeout: Milliseconds(20),
    retry: { attempts: 2 },
    ...more,
  })

  test('an attempt that takes too long is aborted, and the next begins once it has settled', async () => {
    const seen: string[] = []
    const t = new TestContext(second)
    t.input([[1]]).foreachRDD(
      (_, __, { number, signal }) =>
        number === 2
          ? void seen.push('second')
          : new Promise((_, reject) => signal.addEventListener('abort', () => (seen.push('aborted'), reject(signal.reason as Error)))), // prettier-ignore
      options({}),
    )
    await t.run()
    expect(seen).toEqual(['aborted', 'second'])
    expect(t.errors).toMatchObject([{ error: { code: 'output-timed-out' }, final: false }])
  })

  test('one that never settles has failed for good after a second timeout, by name', async () => {
    let calls = 0
    const t = new TestContext(second)
    t.input([[1]]).foreachRDD(() => (calls++, new Promise(() => undefined)), options({}))
    await expect(t.run()).rejects.toMatchObject({ code: 'output-never-settled' })
    expect(calls).toBe(1)
    expect(t.ssc.getState()).toBe('STOPPED')
  })
})

describe('what a checkpoint holds for outputs', () => {
  const stopped = async (define: (t: TestContext) => void) => {
    const storage = memoryStorage()
    const t = new TestContext({ ...second, storage, retry: { attempts: 1 } })
    define(t)
    await t.run().catch(() => undefined)
    return t
  }
  const failing = (t: TestContext, uid?: string): void => {
    const output = t.input([[1]]).foreachRDD(() => Promise.reject(away))
    if (uid !== undefined) output.uid(uid)
  }

  test('an output that has vanished is refused until its batches may be dropped', async () => {
    const t = await stopped((at) => failing(at, 'ledger'))
    const next = (options: Partial<TestContextOptions>) => {
      const at = new TestContext({ ...second, ...options, storage: t.storage, startTime: new Time(1000) })
      at.input([[1]]).foreachRDD(() => undefined)
      return at
    }
    await expect(next({}).run(0)).rejects.toMatchObject({
      code: 'outputs-dropped',
      message: expect.stringContaining("allowDroppedOutputs: ['ledger']") as string,
    })
    const allowed = next({ allowDroppedOutputs: ['ledger'] })
    await allowed.run(1)
    await allowed.ssc.stop()
  })

  test('a uid keeps the batches of an output whose place has shifted', async () => {
    const t = await stopped((at) => failing(at, 'ledger'))
    const seen: unknown[] = []
    const next = await t.crashAndRecover((at) => {
      const stream = at.input([[1]])
      stream.foreachRDD(() => undefined)
      stream
        .foreachRDD(async (rdd, { milliseconds }, { number, replayed }: Attempt) => {
          seen.push([milliseconds, await rdd.collect(), number, replayed])
        })
        .uid('ledger')
    })
    await next.run(1)
    expect(seen).toEqual([
      [1000, [1], 1, true],
      [2000, [], 1, false],
    ])
  })

  test('a uid that is taken is refused', () => {
    const ssc = new StreamingContext(second)
    const stream = ssc.queueStream([[1]]).uid('numbers')
    expect(() => stream.foreachRDD(() => undefined).uid('numbers')).toThrow(/numbers/)
  })
})

describe('stop', () => {
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

  test('names an output that hangs, aborts its signal and rejects', async () => {
    const ssc = new StreamingContext({ batchInterval: Milliseconds(10), logger: silent })
    let began!: () => void
    const under = new Promise<void>((resolve) => (began = resolve))
    let aborted = false
    ssc.queueStream([[1]]).foreachRDD((_, __, { signal }) => {
      signal.addEventListener('abort', () => (aborted = true))
      began()
      return new Promise(() => undefined)
    })
    await ssc.start()
    await under
    await expect(ssc.stop({ timeout: Milliseconds(20) })).rejects.toMatchObject({
      code: 'stop-timed-out',
      message: expect.stringContaining('foreachRDD#1') as string,
    })
    expect([aborted, ssc.getState()]).toEqual([true, 'STOPPED'])
  })

  test('awaited inside an output resolves at once, and goes on behind the batch', async () => {
    const ssc = new StreamingContext({ batchInterval: Milliseconds(10), logger: silent })
    const order: string[] = []
    ssc.queueStream([[1]]).foreachRDD(async (rdd) => {
      await rdd.collect()
      await ssc.stop({ gracefully: true })
      order.push('inside')
    })
    await ssc.start()
    await ssc.awaitTermination()
    order.push('stopped')
    expect(order.at(-1)).toBe('stopped')
    expect(order[0]).toBe('inside')
  })

  test('awaitTermination inside an output is refused at once; that of another context is not', async () => {
    const other = new StreamingContext({ batchInterval: Milliseconds(10), logger: silent })
    other.queueStream([[1]]).foreachRDD(() => other.stop())
    const ssc = new StreamingContext({ batchInterval: Milliseconds(10), logger: silent })
    const order: string[] = []
    ssc.queueStream([[1]]).foreachRDD(async () => {
      await other.start()
      await other.awaitTermination()
      order.push('the other has ended')
      await ssc.awaitTermination()
    })
    await ssc.start()
    await expect(ssc.awaitTermination()).rejects.toMatchObject({
      code: 'waits-for-itself',
      message: expect.stringContaining('call stop in the output') as string,
    })
    expect(order).toEqual(['the other has ended'])
    await ssc.stop()
  })

  test('gracefully without a checkpoint rejects when batches still wait for an output', async () => {
    const ssc = new StreamingContext({ batchInterval: Milliseconds(10), logger: silent, retry: { attempts: Infinity } })
    let failed!: () => void
    const once = new Promise<void>((resolve) => (failed = resolve))
    ssc.queueStream([[1]]).foreachRDD(() => (failed(), Promise.reject(away)))
    await ssc.start()
    await once
    await expect(ssc.stop({ gracefully: true, timeout: Milliseconds(50) })).rejects.toMatchObject({
      code: 'outputs-lost',
    })
  })
})
