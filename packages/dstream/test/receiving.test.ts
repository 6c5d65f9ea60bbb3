import { describe, expect, test } from 'vitest'
import { Milliseconds, Receiver, Seconds, StreamingContext } from 'dstream'
import type { DStream } from 'dstream'
import { TestContext } from 'dstream/testing'
import { lineCodec } from '../src/base/lines/line-codec.js'
import { Harness } from './receive-harness.js'

/** A receiver that stores only what the test stores through it. */
class Hand<T> extends Receiver<T> {
  onStart(): void {}
  onStop(): void {}
}

const second = { batchInterval: Seconds(1) }

describe('receiverStream', () => {
  test('what was stored before a tick is in its batch', async () => {
    const t = new TestContext(second)
    const receiver = new Hand<string>()
    const out = t.output(t.ssc.receiverStream(receiver))
    await t.ssc.start()
    receiver.store('a')
    receiver.store('b')
    await t.run(1)
    await t.run(1)
    receiver.store('c')
    await t.run(1)
    expect(out.batches).toEqual([['a', 'b'], [], ['c']])
    expect(t.ssc.recentProgress.map(({ numInputRecords }) => numInputRecords)).toEqual([2, 0, 1])
    await t.stop()
  })

  test('records that come over several block intervals become several partitions', async () => {
    const t = new TestContext(second)
    const receiver = new Hand<number>()
    const out = t.output(t.ssc.receiverStream(receiver))
    await t.ssc.start()
    for (const n of [1, 2, 3]) {
      receiver.store(n)
      await t.advance(Milliseconds(250))
    }
    await t.run(1)
    expect(out.partitions).toEqual([[[1], [2], [3]]])
    await t.stop()
  })

  test('a graceful stop drains what was received', async () => {
    const t = new TestContext(second)
    const receiver = new Hand<string>()
    const out = t.output(t.ssc.receiverStream(receiver))
    await t.ssc.start()
    await t.run(1)
    receiver.store('last')
    await t.stop()
    expect(out.batches.flat()).toEqual(['last'])
  })

  test('what a receiver stores while it stops is in the last batch', async () => {
    class Draining extends Receiver<number> {
      onStart(): void {
        this.store(1)
      }
      async onStop(): Promise<void> {
        this.store(2)
        await this.storeBlock([3])
        this.store(4)
      }
    }
    const t = new TestContext(second)
    const out = t.output(t.ssc.receiverStream(new Draining()))
    await t.run(1)
    await t.stop()
    expect(out.batches[0]).toEqual([1])
    expect(out.batches.slice(1).flat().sort()).toEqual([2, 3, 4])
  })

  test('a graceful stop gives its timeout to an onStop that needs longer than ten seconds', async () => {
    const { clock, logger, advance } = new Harness()
    let finish = (): void => {}
    const receiver = new (class extends Hand<string> {
      override onStop(): Promise<void> {
        return new Promise((resolve) => (finish = resolve))
      }
    })()
    const ssc = new StreamingContext({ ...second, clock, logger })
    const seen: string[] = []
    ssc.receiverStream(receiver).foreachRDD(async (rdd) => void seen.push(...(await rdd.collect())))
    await ssc.start()
    const stopped = ssc.stop({ gracefully: true, timeout: Seconds(30) })
    await advance(20_000)
    receiver.store('late, and in time')
    finish()
    await stopped
    expect(seen).toEqual(['late, and in time'])
  })

  test('a stop names the receiver whose onStop does not end', async () => {
    const { clock, logger, advance } = new Harness()
    const receiver = new (class extends Hand<string> {
      override onStop(): Promise<void> {
        return new Promise(() => {})
      }
    })()
    const ssc = new StreamingContext({ ...second, clock, logger })
    ssc.receiverStream(receiver).print()
    ssc.rateStream(1).print()
    await ssc.start()
    const stopped = ssc.stop({ timeout: Seconds(5) })
    stopped.catch(() => undefined)
    await advance(20_000)
    await expect(stopped).rejects.toThrow(
      /ms and was stopped all the same: .*the source "[^"]*\[0\]" that does not close/,
    )
  })

  test('the events of a receiver reach the listeners, and its failure fails nobody', async () => {
    class Failing extends Receiver<string> {
      lives = 0
      onStart(): void {
        if (this.lives++ === 0) throw new Error('no')
        this.store(`life ${this.lives}`)
        this.reportError('only said', new Error('why'))
      }
      onStop(): void {}
    }
    const t = new TestContext(second)
    const out = t.output(t.ssc.receiverStream(new Failing()))
    await t.run(4)
    const types = t.events.map(({ type }) => type).filter((type) => type.startsWith('receiver'))
    expect(types).toEqual(['receiverStarted', 'receiverError', 'receiverStopped', 'receiverStarted', 'receiverError'])
    expect(out.batches.flat()).toEqual(['life 2'])
    expect(t.errors).toEqual([])
    await t.stop()
  })

  test('maxRate holds in every batch, whatever store answered', async () => {
    const t = new TestContext({ ...second, maxRate: 10 })
    const receiver = new Hand<number>()
    const out = t.output(t.ssc.receiverStream(receiver))
    await t.ssc.start()
    for (let n = 0; n < 35; n++) receiver.store(n)
    await t.run(5)
    expect(out.batches.map((batch) => batch.length)).toEqual([10, 10, 10, 5, 0])
    await t.stop()
  })

  test.each<[string, (lines: DStream<string>) => void]>([
    ['reads everything', (lines) => lines.foreachRDD(async (rdd) => void (await rdd.collect()))],
    ['reads some', (lines) => lines.foreachRDD(async (rdd) => void (await rdd.take(3)))],
    ['reads nothing', (lines) => lines.foreachRDD(() => {})],
  ])('lines are counted in every event while they are bytes, for an output that %s', async (_, output) => {
    const t = new TestContext(second)
    const receiver = new Hand<string>()
    output(t.ssc.receiverStream(receiver))
    const counts: unknown[] = []
    for (const event of ['batchSubmitted', 'batchStarted', 'batchCompleted'] as const)
      t.ssc.on(event, ({ batchInfo }) =>
        counts.push([batchInfo.numRecords, batchInfo.streamIdToInputInfo[0]!.numRecords]),
      )
    await t.ssc.start()
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
    receiver.storeChunk(bytes('a\n'.repeat(7)), lineCodec)
    receiver.storeChunk(bytes('a\r\n\rb\n'.repeat(3)), lineCodec)
    await receiver.storeBytes(bytes('a\n\nb\nno end'), lineCodec)
    await t.run(1)
    expect(counts).toEqual(Array(3).fill([20, 20]))
    expect(t.ssc.lastProgress!.numInputRecords).toBe(20)
    await t.stop()
  })

  test('a full buffer lets go when a batch is done', async () => {
    const t = new TestContext({ ...second, maxBufferedRecords: 3 })
    const receiver = new Hand<number>()
    const out = t.output(t.ssc.receiverStream(receiver))
    await t.ssc.start()
    expect([receiver.store(1), receiver.store(2), receiver.store(3)]).toEqual([true, true, false])
    let ready = false
    void receiver.ready().then(() => (ready = true))
    await t.advance(Milliseconds(900))
    expect(ready).toBe(false)
    await t.run(1)
    expect(ready).toBe(true)
    expect(out.batches).toEqual([[1, 2, 3]])
    await t.stop()
  })

  test('two receivers side by side', async () => {
    const t = new TestContext(second)
    const receivers = [new Hand<string>(), new Hand<string>()] as const
    const [a, b] = [t.ssc.receiverStream(receivers[0]), t.ssc.receiverStream(receivers[1])]
    const out = t.output(a.union(b))
    await t.ssc.start()
    receivers[1].store('b')
    receivers[0].store('a')
    await t.run(1)
    expect(out.partitions).toEqual([[['a'], ['b']]])
    expect(receivers.map(({ streamId }) => streamId)).toEqual([0, 1])
    await t.stop()
  })
})

test('fromAsyncIterable gives its records, then empty batches', async () => {
  const t = new TestContext(second)
  const source = (async function* () {
    yield* ['a', 'b', 'c']
  })()
  const out = t.output(t.ssc.fromAsyncIterable(source))
  await t.run(2)
  expect(out.batches).toEqual([['a', 'b', 'c'], []])
  await t.stop()
})

test('queueStream gives one element a batch', async () => {
  const t = new TestContext(second)
  const out = t.output(t.ssc.queueStream([[1, 2], t.ssc.sc.parallelize([3])], { defaultRDD: null }).map((n) => n * 10))
  await t.run(3)
  expect(out.batches).toEqual([[10, 20], [30]])
  await t.stop()
})
