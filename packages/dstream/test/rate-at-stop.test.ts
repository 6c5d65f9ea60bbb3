import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import { Seconds, type BatchInfo } from 'dstream'
import { TestContext } from 'dstream/testing'

/** Three emitters at 1,000 records a second, each of which has given 5,000 at once. */
async function flooded(options: { maxRate?: number } = { maxRate: 1000 }) {
  const t = new TestContext({ batchInterval: Seconds(1), ...options })
  const emitters = [0, 1, 2].map(() => new EventEmitter())
  const out = t.output(t.ssc.union(emitters.map((emitter) => t.ssc.fromEventEmitter<number>(emitter, 'n'))))
  const infos: BatchInfo[] = []
  t.ssc.on('batchCompleted', ({ batchInfo }) => infos.push(batchInfo))
  await t.run(1)
  for (const emitter of emitters) for (let n = 0; n < 5000; n++) emitter.emit('n', n)
  return { t, out, infos }
}

describe('a graceful stop keeps maxRate', () => {
  test.each(['its own stop', 'the context’s stop'])('by %s: no batch holds more than the rate allows', async (by) => {
    const { t, out, infos } = await flooded()
    if (by === 'its own stop') await t.stop()
    else await t.ssc.stop({ gracefully: true })
    const sizes = out.batches.map((batch) => batch.length)
    expect(sizes.reduce((a, b) => a + b)).toBe(15_000)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(3000)
    for (const { schedulingDelay, totalDelay, batchTime, submissionTime } of infos) {
      expect(schedulingDelay).toBeGreaterThanOrEqual(0)
      expect(totalDelay).toBeGreaterThanOrEqual(0)
      // All batches but the last run at their ticks.
      if (batchTime !== infos.at(-1)!.batchTime) expect(submissionTime).toBe(batchTime)
    }
  })

  test('over its timeout it rejects with the number of records that are left, and the next life has them', async () => {
    const { t, out } = await flooded()
    const stopping = t.ssc.stop({ gracefully: true, timeout: Seconds(2) })
    await expect(stopping).rejects.toMatchObject({ code: 'stop-timed-out', message: expect.stringMatching(/\d+ /) })
    const before = out.batches.flat().length
    expect(before).toBeLessThanOrEqual(6000)
    const next = await t.crashAndRecover((at) =>
      at.output(at.ssc.union([0, 1, 2].map(() => at.ssc.fromEventEmitter<number>(new EventEmitter(), 'n')))),
    )
    await next.run(1)
    expect(before + next.defined.batches.flat().length).toBe(15_000)
    await next.stop()
  })

  test('without a rate it stops at once, and the last batch has not waited', async () => {
    const { t, out, infos } = await flooded({})
    await t.stop()
    expect(out.batches.map((batch) => batch.length)).toEqual([0, 15_000])
    expect(infos.at(-1)).toMatchObject({ batchTime: 2000, submissionTime: 1000, schedulingDelay: 0, totalDelay: 0 })
  })

  test('a stop that is not graceful does not wait for the rate; the next life has the records', async () => {
    const { t, out } = await flooded()
    await t.ssc.stop()
    expect(out.batches.flat()).toEqual([])
    const next = await t.crashAndRecover((at) =>
      at.output(at.ssc.union([0, 1, 2].map(() => at.ssc.fromEventEmitter<number>(new EventEmitter(), 'n')))),
    )
    await next.run(1)
    expect(next.defined.batches.flat()).toHaveLength(15_000)
    await next.stop()
  })
})
