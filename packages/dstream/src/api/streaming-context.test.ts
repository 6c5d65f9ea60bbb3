import { Milliseconds, Receiver, Seconds, StreamingContext, Time } from 'dstream'
import { ManualClock, TestContext, runBatches } from 'dstream/testing'
import { memoryStorage } from 'dstream/storage'
import { describe, expect, test } from 'vitest'

const second = { batchInterval: Seconds(1) }
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

describe('options', () => {
  test.each([
    [{}, 'no-batch-interval'],
    [{ batchInterval: 1000 }, 'not-a-duration'],
    [{ batchInterval: Seconds(0) }, 'duration-not-positive'],
    [{ ...second, checkpointdir: 'x' }, 'unknown-option'],
    [{ ...second, defaultParallelism: 0 }, 'bad-option'],
    [{ ...second, missedBatches: 'later' }, 'bad-option'],
    [{ ...second, onRecordError: 'ignore' }, 'bad-option'],
    [{ ...second, backpressure: 'pid' }, 'bad-option'],
    [{ ...second, backpressure: 0 }, 'bad-option'],
    [{ ...second, checkpointDir: '' }, 'bad-option'],
    [{ ...second, checkpointDir: 5 }, 'bad-option'],
    [{ ...second, appName: '' }, 'bad-option'],
    [{ ...second, allowDroppedState: 'x' }, 'bad-option'],
    [{ ...second, clock: 5 }, 'bad-option'],
    [{ ...second, storage: {} }, 'bad-option'],
    [{ ...second, signal: {} }, 'bad-option'],
    [{ ...second, logger: { info: () => undefined } }, 'bad-option'],
    [{ ...second, logger: 'text' }, 'bad-option'],
  ])('%o is refused', (options, code) => {
    let error: { code?: string } = {}
    try {
      new StreamingContext(options as never)
    } catch (thrown) {
      error = thrown as { code?: string }
    }
    expect(error.code).toBe(code)
    expect(error).toBeInstanceOf(Error)
  })

  test('an unknown option names the nearest known one', () => {
    expect(() => new StreamingContext({ ...second, checkpointdir: 'x' } as never)).toThrow(/checkpointDir/)
  })
})

describe('states', () => {
  test('INITIALIZED, ACTIVE, STOPPED', async () => {
    const t = new TestContext(second)
    t.output(t.input([[1]]))
    expect(t.ssc.getState()).toBe('INITIALIZED')
    await t.ssc.start()
    expect(t.ssc.getState()).toBe('ACTIVE')
    await t.ssc.stop()
    expect(t.ssc.getState()).toBe('STOPPED')
  })

  test('a second start only warns', async () => {
    const t = new TestContext(second)
    t.output(t.input([[1]]))
    await t.ssc.start()
    await t.ssc.start()
    expect(t.ssc.getState()).toBe('ACTIVE')
    await t.ssc.stop()
  })

  test('stop before start: stopped, and never to be started', async () => {
    const t = new TestContext(second)
    t.output(t.input([[1]]))
    await t.ssc.stop()
    await expect(t.ssc.start()).rejects.toThrow('StreamingContext has already been stopped')
    expect(t.ssc.getState()).toBe('STOPPED')
  })

  test('stop is idempotent, and awaitTermination returns after it', async () => {
    const t = new TestContext(second)
    t.output(t.input([[1]]))
    await t.ssc.start()
    await Promise.all([t.ssc.stop(), t.ssc.stop({ gracefully: true })])
    await t.ssc.stop()
    await t.ssc.awaitTermination()
    expect(await t.ssc.awaitTerminationOrTimeout(Seconds(1))).toBe(true)
  })

  test('no output operation: refused, and stopped', async () => {
    const t = new TestContext(second)
    t.input([[1]])
    await expect(t.ssc.start()).rejects.toThrow('No output operations registered, so nothing to execute')
    expect(t.ssc.getState()).toBe('STOPPED')
  })

  test('a start that fails: stopped, and what had begun ends', async () => {
    const storage = memoryStorage()
    const ended: string[] = []
    const sink = (name: string, open: () => Promise<void>) => ({
      open,
      lastCommitted: () => undefined,
      write: () => Promise.resolve(),
      close: () => void ended.push(name),
    })
    const fresh = () =>
      new StreamingContext({ ...second, appName: 'again', clock: new ManualClock(), logger: silent, storage })
    const failing = fresh()
    failing.rateStream(1).to(sink('first', () => Promise.resolve()))
    failing.rateStream(1).to(sink('second', () => Promise.reject(new Error('no way in'))))
    await expect(failing.start()).rejects.toThrow('no way in')
    expect([failing.getState(), StreamingContext.getActive('again')]).toEqual(['STOPPED', undefined])
    expect(ended).toContain('first')
    // The name and the lock of the storage are free again.
    const next = fresh()
    next.rateStream(1).to(sink('third', () => Promise.resolve()))
    await next.start()
    await next.stop()
    expect(ended).toContain('third')
  })

  test('without a directory start says which states live in memory', async () => {
    const said: string[] = []
    const logger = { ...silent, info: (_: object, message: string) => void said.push(message) }
    const t = new TestContext({ ...second, appName: 'words', logger })
    const ssc = new StreamingContext({ ...second, appName: 'words', clock: new ManualClock(), logger })
    const count = (values: number[], total: number = 0) => total + values.length
    ssc.rateStream(1).mapToPair((n) => [n, 1]).updateStateByKey(count).uid('totals').count().foreachRDD(() => {}) // prettier-ignore
    await ssc.start()
    await ssc.stop()
    expect(said).toEqual([expect.stringMatching(/^words: the state of totals lives in memory .* give a checkpointDir/)])
    t.output(t.input([[1]]).mapToPair((n) => [n, 1]).updateStateByKey(count)) // prettier-ignore
    await t.run()
    expect(said).toHaveLength(1)
  })

  test('nothing is added after start or stop', async () => {
    const t = new TestContext(second)
    const stream = t.input([[1]])
    t.output(stream)
    await t.ssc.start()
    expect(() => stream.map((n) => n)).toThrow(/after starting a context is not supported/)
    expect(() => stream.print()).toThrow(/after starting/)
    expect(() => t.ssc.queueStream([])).toThrow(/after starting/)
    expect(() => stream.persist()).toThrow(/after streaming context has started/)
    expect(() => stream.checkpoint(Seconds(1))).toThrow(/after streaming context has started/)
    await t.ssc.stop()
    expect(() => stream.map((n) => n)).toThrow(/after stopping a context is not supported/)
  })

  test('remember is set once', () => {
    const { ssc } = new TestContext(second)
    ssc.remember(Seconds(10))
    expect(() => ssc.remember(Seconds(20))).toThrow(
      'Remember duration already set as 10000 ms. Cannot set it again: call remember() once',
    )
  })
})

describe('the words of Spark', () => {
  test.each([
    ['starting', (t: TestContext) => t.ssc.start()],
    ['stopping', (t: TestContext) => t.ssc.stop()],
  ])('for what comes after %s', async (when, go) => {
    const t = new TestContext(second)
    const stream = t.input([[1]])
    t.output(stream)
    await go(t)
    expect(() => stream.map((n) => n)).toThrow(
      `Cannot add "map": Adding new inputs, transformations, and output operations after ${when} a context is not supported.`,
    )
    await t.ssc.stop()
  })

  test('for a checkpoint interval without a directory', async () => {
    const ssc = new StreamingContext({ ...second, logger: silent })
    ssc.rateStream(1).checkpoint(Seconds(10)).print()
    await expect(ssc.start()).rejects.toThrow(
      'Requirement failed: The checkpoint directory has not been set. Please set it by StreamingContext.checkpoint(). ',
    )
  })
})

describe('one active context per name', () => {
  const make = (): TestContext => {
    const t = new TestContext({ ...second, appName: 'one-of-a-name' })
    t.output(t.input([[1]]))
    return t
  }

  test('a second of the name is refused and stays as it was', async () => {
    const first = make()
    const second = make()
    await first.ssc.start()
    await expect(second.ssc.start()).rejects.toMatchObject({
      code: 'already-active',
      message: expect.stringMatching(/^Only one StreamingContext may be started in this process under the name/),
    })
    expect(second.ssc.getState()).toBe('INITIALIZED')
    expect(StreamingContext.getActive('one-of-a-name')).toBe(first.ssc)
    await first.ssc.stop()
    expect(StreamingContext.getActive('one-of-a-name')).toBeUndefined()
    await second.ssc.start()
    await second.ssc.stop()
  })

  test('contexts without a name live side by side', async () => {
    const all = [1, 2, 3].map(() => new TestContext(second))
    for (const t of all) {
      t.output(t.input([[1]]))
      await t.ssc.start()
    }
    expect(new Set(all.map((t) => t.ssc.appName)).size).toBe(3)
    await Promise.all(all.map((t) => t.ssc.stop()))
  })

  test('getActiveOrCreate gives the active one, else makes one', async () => {
    const made = await StreamingContext.getActiveOrCreate(() => make().ssc)
    await made.start()
    expect(await StreamingContext.getActiveOrCreate(() => make().ssc)).toBe(made)
    await made.stop()
  })
})

describe('time', () => {
  test('batch times are multiples of the interval, the first strictly after the start', async () => {
    const t = new TestContext({ ...second, startTime: new Time(2000) })
    const out = t.output(t.input([['a'], ['b']]))
    await t.run()
    expect(out.times).toEqual([3000, 4000])
    expect(out.batches).toEqual([['a'], ['b']])
  })

  test('a start between two ticks: the first batch is the next one', async () => {
    const t = new TestContext({ ...second, startTime: new Time(2500) })
    const out = t.output(t.input([['a']]))
    await t.run()
    expect(out.times).toEqual([3000])
  })

  test('late ticks run back to back, and none is skipped', async () => {
    const clock = new ManualClock(0)
    const ssc = new StreamingContext({ ...second, clock, logger: silent })
    const times: number[] = []
    ssc.queueStream<number>([[1], [2]]).foreachRDD((_, time) => void times.push(time.milliseconds))
    await ssc.start()
    clock.runNext(4700)
    await ssc.engine?.ticker.idle()
    expect(times).toEqual([1000, 2000, 3000, 4000])
    await ssc.stop()
  })

  test('a clock that jumps back makes no batch time repeat', async () => {
    let now = 0
    let due: (() => void) | undefined
    const clock = {
      now: () => now,
      setTimer: (_: number, run: () => void) => ((due = run), { cancel: () => (due = undefined) }),
    }
    const ssc = new StreamingContext({ ...second, clock, logger: silent })
    const times: number[] = []
    ssc.queueStream<number>([]).foreachRDD((_, time) => void times.push(time.milliseconds))
    await ssc.start()
    for (now of [1000, 2000, 500, 1000, 2000, 3000]) {
      due?.()
      await ssc.engine?.ticker.idle()
    }
    expect(times).toEqual([1000, 2000, 3000])
    await ssc.stop()
  })

  test('advance runs what falls due', async () => {
    const t = new TestContext(second)
    const out = t.output(t.input([['a'], ['b'], ['c']]))
    await t.advance(Milliseconds(2500))
    expect(out.times).toEqual([1000, 2000])
    await t.advance(Milliseconds(500))
    expect(out.times).toEqual([1000, 2000, 3000])
  })
})

describe('failures', () => {
  test('an output that has failed for good stops the job, with the very error that it threw', async () => {
    const t = new TestContext({ ...second, retry: { attempts: 1 } })
    const stream = t.input([[1], [2]])
    const mine = new Error('mine')
    stream.foreachRDD((_, time) => {
      if (time.milliseconds === 1000) throw mine
    })
    const other = t.output(stream)
    const ended = t.ssc.awaitTermination()
    await expect(t.run()).rejects.toBe(mine)
    await expect(ended).rejects.toBe(mine)
    expect(t.ssc.getState()).toBe('STOPPED')
    // The other outputs of the batch run all the same.
    expect(other.batches).toEqual([[1]])
    expect(t.errors).toEqual([
      { time: 1000, output: 'foreachRDD#1', operator: undefined, error: mine, attempt: 1, final: true },
    ])
    const completed = t.events.flatMap((e) => (e.type === 'outputOperationCompleted' ? [e.outputOperationInfo] : []))
    expect(completed.map(({ failureReason }) => failureReason?.includes('mine') ?? false)).toEqual([true, false])
  })

  test('an action that is not awaited is awaited all the same, and its failure fails the output', async () => {
    const t = new TestContext(second)
    const mine = new Error('mine')
    let done = 0
    t.input([[1]]).foreachRDD((rdd) => {
      void rdd.foreach(() => done++)
      void rdd
        .map(() => {
          throw mine
        })
        .collect()
    })
    await expect(t.run()).rejects.toBe(mine)
    expect(done).toBe(1)
  })

  test('a failing function names operator, time and record', async () => {
    const messages: string[] = []
    const logger = { ...silent, error: (_: object, message: string) => void messages.push(message) }
    const t = new TestContext({ ...second, logger })
    t.output(
      t.input([['good', 'bad']]).map((word) => {
        if (word === 'bad') throw new Error('no such word')
        return word
      }),
    )
    await expect(t.run()).rejects.toThrow('no such word')
    expect(messages[0]).toMatch(/map#1/)
    expect(messages[0]).toMatch(/1000 ms/)
    expect(messages[0]).toMatch(/bad/)
    expect(t.errors[0]).toMatchObject({ time: 1000, operator: 'map#1' })
  })

  test('onRecordError skip leaves the record out', async () => {
    const odd = (n: number): number => {
      if (n % 2 === 0) throw new Error('even')
      return n
    }
    expect(await runBatches([[1, 2, 3]], (s) => s.map(odd), { onRecordError: 'skip' })).toEqual([[1, 3]])
  })

  test('an output is tried again, with the attempt told', async () => {
    const t = new TestContext({ ...second, retry: { attempts: 3 } })
    const attempts: number[] = []
    t.input([[1]]).foreachRDD((_, __, attempt) => {
      attempts.push(attempt.number)
      if (attempt.number < 3) throw new Error('not yet')
    })
    await t.run()
    expect(t.errors.map(({ error }) => (error as Error).message)).toEqual(['not yet', 'not yet'])
    expect(attempts).toEqual([1, 2, 3])
    expect(t.ssc.getState()).toBe('ACTIVE')
  })

  test('nobody waits: no unhandled rejection, the error stands in the log', async () => {
    const messages: string[] = []
    const logger = { ...silent, error: (_: object, message: string) => void messages.push(message) }
    const t = new TestContext({ ...second, logger })
    t.input([[1]]).foreachRDD(() => {
      throw new Error('unseen')
    })
    await t.run().catch(() => undefined)
    await t.stop()
    expect(messages.join()).toMatch(/unseen/)
  })
})

describe('events', () => {
  test('per batch: submitted, started, each output, completed; with their figures', async () => {
    const t = new TestContext(second)
    const stream = t.input([['a', 'b']])
    stream.foreachRDD(() => {})
    stream.print()
    await t.run()
    expect(t.events.map(({ type }) => type)).toEqual([
      'streamingStarted',
      'batchSubmitted',
      'batchStarted',
      'outputOperationStarted',
      'outputOperationCompleted',
      'outputOperationStarted',
      'outputOperationCompleted',
      'batchCompleted',
    ])
    const completed = t.events.at(-1)
    expect(completed).toMatchObject({
      type: 'batchCompleted',
      batchInfo: {
        batchTime: 1000,
        submissionTime: 1000,
        processingStartTime: 1000,
        processingEndTime: 1000,
        schedulingDelay: 0,
        processingDelay: 0,
        totalDelay: 0,
        numRecords: 2,
        streamIdToInputInfo: { 0: { inputStreamId: 0, numRecords: 2 } },
        outputOperationInfos: { 0: { id: 0 }, 1: { id: 1 } },
      },
    })
  })

  test('listeners are called in order, and an exception in one harms nobody', async () => {
    const t = new TestContext(second)
    t.output(t.input([[1]]))
    const calls: string[] = []
    t.ssc.addStreamingListener({
      onBatchCompleted: () => {
        calls.push('first')
        throw new Error('bad listener')
      },
    })
    const second_ = { onBatchCompleted: () => void calls.push('second') }
    t.ssc.addStreamingListener(second_)
    await t.run()
    t.ssc.removeStreamingListener(second_)
    await t.run(1)
    expect(calls).toEqual(['first', 'second', 'first'])
  })

  test('after stop no event comes any more', async () => {
    class Late extends Receiver<number> {
      override onStart() {}
      override onStop() {}
    }
    const t = new TestContext(second)
    const late = new Late()
    t.output(t.ssc.receiverStream(late))
    const states: string[] = []
    t.ssc.on('receiverError', () => states.push(t.ssc.getState()))
    await t.run(1)
    late.reportError('during')
    await t.ssc.stop()
    late.reportError('late')
    expect(states).toEqual(['ACTIVE'])
  })

  test('stop may be called from a listener', async () => {
    const t = new TestContext(second)
    const out = t.output(t.input([[1], [2], [3]]))
    t.ssc.on('batchCompleted', () => void t.ssc.stop())
    await t.run(1)
    await t.ssc.awaitTermination()
    expect(out.batches).toEqual([[1]])
  })

  test('progress of each batch', async () => {
    const t = new TestContext(second)
    t.output(t.input([['a', 'b'], ['c']]))
    await t.run()
    expect(t.ssc.recentProgress.map((p) => p.numInputRecords)).toEqual([2, 1])
    expect(t.ssc.lastProgress).toMatchObject({ batchTime: 2000, inputRowsPerSecond: 1 })
  })
})

describe('waiting', () => {
  test('on virtual time nothing waits for a time that does not come', async () => {
    const t = new TestContext(second)
    t.output(t.input([[1]]))
    await t.run()
    await expect(t.ssc.awaitTerminationOrTimeout(Seconds(1))).rejects.toThrow(/Advance the clock/)
  })

  test('awaitTerminationOrTimeout: false when the time is over first, true after a stop, else what the job failed with', async () => {
    const clock = new ManualClock()
    const ssc = new StreamingContext({ ...second, clock, logger: silent, retry: { attempts: 1 } })
    const oops = new Error('oops')
    ssc.queueStream([[1]]).foreachRDD((_, time) => {
      if (time.milliseconds === 1000) throw oops
    })
    await ssc.start()
    const early = ssc.awaitTerminationOrTimeout(Milliseconds(500))
    clock.runNext(500)
    expect(await early).toBe(false)
    const late = ssc.awaitTerminationOrTimeout(Seconds(60))
    late.catch(() => {})
    clock.runNext(1000)
    await expect(late).rejects.toBe(oops)
    await ssc.stop()

    const other = new StreamingContext({ ...second, clock, logger: silent })
    other.queueStream([[1]]).foreachRDD(() => {})
    await other.start()
    const ended = other.awaitTerminationOrTimeout(Seconds(60))
    await other.stop()
    expect(await ended).toBe(true)
  })

  test('an aborted signal stops gracefully', async () => {
    const abort = new AbortController()
    const t = new TestContext({ ...second, signal: abort.signal })
    t.output(t.input([[1]]))
    await t.run()
    abort.abort()
    await t.ssc.awaitTermination()
    expect(t.ssc.getState()).toBe('STOPPED')
  })
})

describe('several readers', () => {
  test('a stream with two outputs is evaluated once', async () => {
    let calls = 0
    const t = new TestContext(second)
    const mapped = t.input([[1, 2, 3]]).map((n) => (calls++, n))
    const a = t.output(mapped)
    const b = t.output(mapped.filter((n) => n > 1))
    await t.run()
    expect([a.batches, b.batches, calls]).toEqual([[[1, 2, 3]], [[2, 3]], 3])
  })

  test('several actions of one output evaluate once', async () => {
    let calls = 0
    const t = new TestContext(second)
    t.input([[1, 2, 3]])
      .map((n) => (calls++, n))
      .foreachRDD(async (rdd) => {
        await Promise.all([rdd.count(), rdd.collect()])
        await rdd.map((n) => n).collect()
      })
    await t.run()
    expect(calls).toBe(3)
  })
})

describe('ids, names and plans', () => {
  test('ids are derived from kind and place, or given', () => {
    const t = new TestContext(second)
    const mapped = t.input([[1]]).map((n) => n)
    mapped.map((n) => n).name('twice')
    mapped
      .filter(() => true)
      .uid('kept')
      .print()
    const { nodes } = t.ssc.plan()
    expect(nodes.map(({ id }) => id)).toEqual(['input#1', 'map#1', 'map#2', 'kept', 'print#1'])
    expect(nodes.find(({ id }) => id === 'map#2')?.name).toBe('twice')
    expect(nodes.at(-1)).toMatchObject({ kind: 'print', parents: ['kept'], output: true })
    expect(JSON.parse(JSON.stringify(t.ssc.plan()))).toEqual(JSON.parse(JSON.stringify(t.ssc.plan())))
    expect(t.ssc.explain()).toContain('kept')
  })

  test('an id given twice, or equal to a derived one, is refused naming both places', () => {
    const t = new TestContext(second)
    const mapped = t.input([[1]]).map((n) => n)
    mapped.uid('mine')
    expect(() => mapped.map((n) => n).uid('mine')).toThrow(/context\.test\.ts:\d+.*context\.test\.ts:\d+/)
    expect(() => mapped.uid('input#1')).toThrow(/input#1/)
  })

  test('the derived id of an operator may be made its own: then it is kept when others come before it', () => {
    const t = new TestContext(second)
    const counts = t
      .input([['a']])
      .countByValueAndWindow(Seconds(2))
      .uid('countByValueAndWindow#1')
    counts.print()
    expect(t.ssc.plan().nodes.map(({ id }) => id)).toContain('countByValueAndWindow#1')
    expect(() => counts.uid('input#1')).toThrow(/input#1/)
  })
})

describe('print', () => {
  test("Spark's layout", async () => {
    const t = new TestContext(second)
    t.input<unknown>([['a', ['b', 1], { c: 2 }, 'd'], []]).print(3)
    await t.run()
    const rule = '-------------------------------------------'
    expect(rule).toHaveLength(43)
    expect(t.printed).toEqual([
      rule,
      'Time: 1000 ms',
      rule,
      'a',
      '(b,1)',
      '{"c":2}',
      '...',
      '',
      rule,
      'Time: 2000 ms',
      rule,
      '',
    ])
  })

  test('evaluates no more than it shows and one', async () => {
    let seen = 0
    const t = new TestContext(second)
    t.input([Array.from({ length: 1000 }, (_, i) => i)])
      .tap(() => seen++)
      .print(15)
    await t.run()
    expect(seen).toBe(16)
  })
})

describe('slice and remember', () => {
  test('the RDDs of remembered times, both ends included', async () => {
    const t = new TestContext(second)
    const stream = t.input([[1], [2], [3]]).map((n) => n)
    t.output(stream)
    await expect(stream.slice(1000, 2000)).rejects.toThrow(/has not been initialized/)
    t.ssc.remember(Seconds(2))
    await t.run()
    const rdds = await stream.slice(new Time(2000), 3500)
    expect(await Promise.all(rdds.map((rdd) => rdd.collect()))).toEqual([[2], [3]])
    await expect(stream.slice(1000, 2000)).rejects.toThrow(/remember/)
    expect(await stream.slice(4000, 9000)).toEqual([])
    await t.ssc.stop()
  })
})

test.each<[unknown, unknown, string]>([
  [NaN, 1000, 'NaN'],
  ['x', 1000, '"x"'],
  [1000, undefined, 'undefined'],
  [new Time(1000), 1000.5, '1000.5'],
  [0, Seconds(1), '1000'],
])('slice(%s, %s) is refused with what it takes', async (from, to, got) => {
  const t = new TestContext(second)
  const stream = t.input([[1]])
  t.output(stream)
  await t.run()
  const slice = stream.slice(from as Time, to as Time)
  await expect(slice).rejects.toMatchObject({ code: 'not-a-time' })
  await expect(slice).rejects.toThrow(`slice: ${got} is not a Time; give a Time or whole milliseconds since the epoch`)
  await t.ssc.stop()
})

describe('a source that a test feeds', () => {
  test('what is pushed during a batch belongs to the next', async () => {
    const t = new TestContext(second)
    const source = t.source<number>()
    const out = t.output(source.stream)
    source.stream.foreachRDD((_, time) => {
      if (time.milliseconds === 1000) source.push(2)
    })
    source.push(1)
    await t.run(3)
    expect(out.batches).toEqual([[1], [2], []])
  })

  test('fail makes the next batch fail', async () => {
    const t = new TestContext({ ...second, onFailure: 'skip' })
    const source = t.source<number>()
    const out = t.output(source.stream)
    const mine = new Error('mine')
    source.fail(mine)
    await expect(t.run(1)).rejects.toBe(mine)
    source.push(1)
    await t.run(1)
    source.end()
    await t.run(1)
    expect(out.batches).toEqual([[1], []])
  })
})
