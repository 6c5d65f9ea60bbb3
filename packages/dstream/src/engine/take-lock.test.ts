import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Seconds, StreamingContext, type Logger } from 'dstream'
import { fileStorage, memoryStorage } from 'dstream/storage'
import { ManualClock, TestContext } from 'dstream/testing'
import { expect, test } from 'vitest'

const rows = [['a'], ['a'], ['a'], ['a']]
function logTo(lines: string[]): Logger {
  const nothing = (): void => undefined
  return { debug: nothing, info: (_, line) => void lines.push(line), warn: nothing, error: nothing }
}
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
function job(t: TestContext) {
  return t.output(
    t
      .input(rows)
      .mapToPair((word) => [word, 1])
      .runningReduceByKey((a, b) => a + b)
      .uid('totals'),
  )
}

test('a second instance that may wait starts when the first has stopped, and goes on from there', async () => {
  const storage = memoryStorage()
  const lines: string[] = []
  const options = { batchInterval: Seconds(1), storage, onLocked: 'wait' as const, logger: logTo(lines) }
  const first = new TestContext(options)
  job(first)
  await first.run(2)
  const second = new TestContext({ ...options, appName: 'next' })
  const out = job(second)
  const starting = second.ssc.start()
  while (!lines.some((line) => line.includes('waits'))) await turn()
  expect(second.ssc.getState()).toBe('INITIALIZED')
  await first.stop()
  await starting
  expect(second.ssc.getState()).toBe('ACTIVE')
  await second.stop()
  expect(lines.filter((line) => line.includes('waits'))).toEqual([
    expect.stringMatching(/^next waits until it has the lock: the storage in memory is in use by another context/),
  ])
  expect(out.batches.at(-1)).toEqual([['a', 4]])
})

test('by default a second instance is refused, and the error says that it may wait', async () => {
  const storage = memoryStorage()
  await storage.lock()
  const t = new TestContext({ batchInterval: Seconds(1), storage })
  job(t)
  await expect(t.ssc.start()).rejects.toMatchObject({
    code: 'storage-locked',
    message: expect.stringContaining("onLocked: 'wait'"),
  })
})

test('the batches of an instance that has waited begin after the wait', async () => {
  const storage = memoryStorage()
  const release = await storage.lock()
  const clock = new ManualClock(0)
  const lines: string[] = []
  const ssc = new StreamingContext({
    batchInterval: Seconds(1),
    storage,
    clock,
    onLocked: 'wait',
    logger: logTo(lines),
  })
  const times: number[] = []
  ssc.rateStream(1).foreachRDD((_, time) => void times.push(time.milliseconds))
  const starting = ssc.start()
  while (clock.nextTimer(1e9) === undefined) await turn()
  await release()
  clock.runNext(5500)
  await starting
  const batch = new Promise((done) => ssc.on('batchCompleted', done))
  clock.runNext(6000)
  await batch
  await ssc.stop()
  expect(times).toEqual([6000])
})

test.each(['stop', 'signal'])('a waiting instance ends by %s', async (way) => {
  const storage = memoryStorage()
  const release = await storage.lock()
  const controller = new AbortController()
  const { signal } = controller
  const t = new TestContext({ batchInterval: Seconds(1), storage, onLocked: 'wait', signal, appName: `next ${way}` })
  job(t)
  const started = expect(t.ssc.start()).rejects.toMatchObject({
    code: 'stopped-before-start',
    message: expect.stringContaining(`next ${way} was stopped while it waited`),
  })
  if (way === 'stop') await t.ssc.stop()
  else controller.abort()
  await started
  expect(t.ssc.getState()).toBe('STOPPED')
  await release()
  await (
    await storage.lock()
  )()
})

test('createOnError does not discard a checkpoint that is in use', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'dstream-locked-'))
  const storage = fileStorage(dir)
  const release = await storage.lock()
  const create = (): StreamingContext => {
    const ssc = new StreamingContext({ batchInterval: Seconds(1) })
    ssc.rateStream(1).print()
    return ssc
  }
  const again = StreamingContext.getOrCreate(dir, create, { createOnError: true })
  await expect(again).rejects.toMatchObject({ code: 'storage-locked' })
  await release()
  await rm(dir, { recursive: true })
})
