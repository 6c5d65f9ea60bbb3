import { describe, expect, test } from 'vitest'
import { Receiver, Seconds, StreamingContext } from 'dstream'
import type { StreamingContextOptions } from 'dstream'
import { ManualClock } from '../src/testing/manual-clock.js'
import { settle } from './receive-harness.js'

/** Stores records without end, and waits when store() asks for it. */
class Endless extends Receiver<number> {
  async onStart(signal: AbortSignal): Promise<void> {
    for (let n = 0; !signal.aborted; n++) if (!this.store(n)) await this.ready()
  }
  onStop(): void {}
}

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Returns the batch sizes of a job that takes `msPerRecord` of virtual time for each record. */
async function sizes(msPerRecord: number, batches: number, options: Partial<StreamingContextOptions>) {
  const clock = new ManualClock()
  const ssc = new StreamingContext({ batchInterval: Seconds(1), clock, logger, maxBufferedRecords: 2000, ...options })
  const seen: number[] = []
  ssc.receiverStream(new Endless()).foreachRDD(async (rdd) => {
    const n = await rdd.count()
    seen.push(n)
    // Evaluation yields to sockets about every ten milliseconds.
    const endMs = clock.now() + Math.round(n * msPerRecord)
    while (clock.now() < endMs) {
      const sliceMs = Math.min(endMs, clock.now() + 10)
      while (clock.nextTimer(sliceMs) !== undefined) clock.runNext(clock.nextTimer(sliceMs)!)
      clock.moveTo(sliceMs)
      await settle()
    }
  })
  await ssc.start()
  while (seen.length < batches) {
    const next = clock.nextTimer(Infinity)
    if (next !== undefined) clock.runNext(next)
    await settle()
  }
  await ssc.stop()
  return seen
}

describe('backpressure', () => {
  test('without it a slow job is given what the buffer holds', async () => {
    const seen = await sizes(2, 12, {})
    expect(Math.max(...seen.slice(2))).toBeGreaterThan(900)
  })

  test('with it batches come to what can be processed in their interval', async () => {
    const seen = await sizes(2, 80, { backpressure: true })
    const late = seen.slice(60)
    const mean = late.reduce((sum, n) => sum + n, 0) / late.length
    expect(mean).toBeGreaterThan(350)
    expect(mean).toBeLessThanOrEqual(500)
    expect(Math.max(...late)).toBeLessThan(700)
  })

  test('the first batches have the initial rate', async () => {
    const seen = await sizes(0.1, 2, { backpressure: { initialRate: 50 } })
    expect(seen).toEqual([50, 50])
  })

  test('maxRate is the limit of the rate too', async () => {
    const seen = await sizes(0.01, 10, { backpressure: true, maxRate: 30 })
    expect(Math.max(...seen)).toBe(30)
  })

  test('options that cannot be are refused', () => {
    const make = (backpressure: StreamingContextOptions['backpressure']) =>
      new StreamingContext({ batchInterval: Seconds(1), backpressure })
    expect(() => make({ minRate: 0 })).toThrow(/Minimum rate 0/)
    expect(() => make({ proportionl: 1 } as never)).toThrow(/did you mean "proportional"/)
    expect(() => make(false)).not.toThrow()
  })

  test.each([0, -1, NaN])('a rate of %d is refused, wherever it stands', (rate) => {
    const refused = expect.objectContaining({ code: 'bad-option' }) as Error
    const ssc = new StreamingContext({ batchInterval: Seconds(1) })
    class Limited extends Endless {
      override readonly maxRate = rate
    }
    expect(() => new StreamingContext({ batchInterval: Seconds(1), backpressure: { initialRate: rate } })).toThrow(
      refused,
    )
    expect(() => new (class extends Endless {})({ maxRate: rate })).toThrow(refused)
    expect(() => ssc.receiverStream(new Limited())).toThrow(refused)
  })
})
