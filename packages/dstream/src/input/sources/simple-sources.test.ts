import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { settle } from '../../../test/receive-harness.js'
import { SourceHarness } from '../../../test/source-harness.js'
import { readable } from './async-iterable.js'
import { constant } from './constant.js'
import { eventEmitter } from './event-emitter.js'
import { rate } from './rate.js'

describe('constantStream', () => {
  test('the same in every batch, counted in every batch', async () => {
    const h = new SourceHarness()
    const source = h.add((home) => constant(home, h.sc.parallelize([1, 2, 3], { numPartitions: 2 })))
    for (const time of [1000, 2000]) {
      expect(await h.batch(source, time)).toEqual([[1], [2, 3]])
      expect(source.info(time).numRecords).toBe(3)
    }
    source.forget!(1000)
    expect([source.info(1000).numRecords, source.info(2000).numRecords]).toEqual([0, 3])
  })

  test('an RDD that is computed anew each time', async () => {
    const h = new SourceHarness()
    let computed = 0
    const rdd = h.sc.parallelize([1, 2]).map((n) => n + computed++)
    const source = h.add((home) => constant(home, rdd))
    expect(await h.batch(source, 1000)).toEqual([[1, 3]])
    expect(await h.batch(source, 2000)).toEqual([[3, 5]])
    expect(source.info(2000).numRecords).toBe(2)
  })

  test.each([[null], [undefined], [[1]]])('%j is refused', (rdd) => {
    expect(() => new SourceHarness().add((home) => constant(home, rdd as never))).toThrow(/rdd must be an RDD/)
  })
})

describe('rateStream', () => {
  test('numbers from 0, as many as the batch times say', async () => {
    const h = new SourceHarness()
    const source = h.add((home) => rate(home, 2.5))
    const batches: number[][] = []
    for (const time of [5000, 6000, 7000, 8000]) batches.push((await h.batch(source, time)).flat())
    expect(batches).toEqual([
      [0, 1],
      [2, 3, 4],
      [5, 6],
      [7, 8, 9],
    ])
    expect(source.info(6000).numRecords).toBe(3)
    expect((await h.compute(source, 6000))!.flat()).toEqual([2, 3, 4])
    source.forget!(6000)
    expect(source.info(6000).numRecords).toBe(0)
  })

  test('goes on after a restart where it was, a planned batch again included', async () => {
    const h = new SourceHarness()
    const first = h.add((home) => rate(home, 3))
    first.plan!(1000)
    const snapshot = first.snapshot!()
    const planned = first.plan!(2000)
    const second = h.add((home) => rate(home, 3))
    second.restore!(snapshot)
    second.adopt!(2000, planned)
    expect((await h.compute(second, 2000))!.flat()).toEqual([3, 4, 5])
    expect((await h.batch(second, 3000)).flat()).toEqual([6, 7, 8])
  })

  test.each([[0], [-1], [NaN], ['2']])('%j rows per second are refused', (rows) => {
    expect(() => new SourceHarness().add((home) => rate(home, rows as number))).toThrow(
      /rowsPerSecond must be a number/,
    )
  })
})

describe('fromReadable', () => {
  test('objects, or chunks of bytes', async () => {
    const h = new SourceHarness()
    const objects = h.add((home) => readable(home, Readable.from(['a', 'b'])))
    const bytes = h.add((home) =>
      readable<Uint8Array>(home, Readable.from([Buffer.from('xyz')], { objectMode: false })),
    )
    await Promise.all([objects.start(), bytes.start()])
    await settle()
    await Promise.all([objects.stop(), bytes.stop()])
    expect(await h.batch(objects, 1000)).toEqual([['a', 'b']])
    expect(Buffer.concat((await h.compute(bytes, 1000))!.flat()).toString()).toBe('xyz')
  })

  test('a failure is reported, and the end', async () => {
    const h = new SourceHarness()
    const stream = new Readable({ objectMode: true, read: () => {} })
    const source = h.add((home) => readable(home, stream))
    await source.start()
    stream.push('a')
    await settle()
    stream.destroy(new Error('broken'))
    await settle()
    await h.advance(100_000)
    expect(h.eventTypes).toEqual(['receiverStarted', 'receiverError', 'receiverStopped'])
    expect(h.events[1]!.info.lastError).toContain('broken')
    expect(h.records).toEqual(['a'])
    expect(source.supervisor!.over).toBe(true)
  })

  test('a stop destroys the stream', async () => {
    const h = new SourceHarness()
    const stream = new Readable({ objectMode: true, read: () => {} })
    const source = h.add((home) => readable(home, stream))
    await source.start()
    await source.stop()
    stream.push('wakes the loop')
    await settle()
    expect(stream.destroyed).toBe(true)
    expect(h.records).toEqual([])
  })

  test('what is no stream is refused', () => {
    expect(() => new SourceHarness().add((home) => readable(home, {} as never))).toThrow(/must be a readable stream/)
  })
})

describe('fromEventEmitter', () => {
  test('values from the start to the stop', async () => {
    const h = new SourceHarness()
    const emitter = new EventEmitter()
    const source = h.add((home) => eventEmitter<string>(home, emitter, 'post'))
    emitter.emit('post', 'too early')
    await source.start()
    emitter.emit('post', 'a')
    emitter.emit('other', 'x')
    emitter.emit('post', 'b')
    await source.stop()
    expect(emitter.listenerCount('post')).toBe(0)
    expect(await h.batch(source, 1000)).toEqual([['a', 'b']])
  })

  test('more than can be held is reported, and strikes nobody who emits', async () => {
    const h = new SourceHarness({ limits: { maxBufferedRecords: 2, maxBufferedBytes: 1e6 } })
    const emitter = new EventEmitter()
    const source = h.add((home) => eventEmitter<number>(home, emitter, 'n'))
    await source.start()
    for (let n = 0; n < 9; n++) emitter.emit('n', n)
    expect(h.eventTypes).toEqual(['receiverStarted', 'receiverError', 'receiverStopped'])
    await h.advance(1000)
    expect(await h.batch(source, 1000)).toEqual([[0, 1, 2, 3]])
    h.release(source, 1000)
    await h.advance(2000)
    emitter.emit('n', 10)
    await source.stop()
    expect(await h.batch(source, 3000)).toEqual([[10]])
  })

  test.each<[unknown, unknown]>([
    [null, 'e'],
    [{ on: () => {} }, 'e'],
    [new EventEmitter(), ''],
  ])('an emitter %j with event %j is refused', (emitter, event) => {
    expect(() => new SourceHarness().add((home) => eventEmitter(home, emitter as never, event as string))).toThrow(
      /fromEventEmitter: (emitter|event) must be/,
    )
  })
})
