import { describe, expect, test } from 'vitest'
import { settle } from '../../../test/receive-harness.js'
import { SourceHarness } from '../../../test/source-harness.js'
import { asyncIterable } from './async-iterable.js'

async function* of<T>(...records: T[]): AsyncGenerator<T> {
  yield* records
}

describe('fromAsyncIterable', () => {
  test('takes all, then has ended', async () => {
    const h = new SourceHarness()
    const source = h.add((home) => asyncIterable(home, of('a', 'b', 'c')))
    await source.start()
    await settle()
    await source.supervisor!.buffer.closeDue()
    expect(await h.batch(source, 1000)).toEqual([['a', 'b', 'c']])
    expect(h.eventTypes).toEqual(['receiverStarted', 'receiverStopped'])
    expect(await h.batch(source, 2000)).toEqual([])
    expect(source.supervisor!.over).toBe(true)
  })

  test('takes no more than the buffer holds until batches have consumed', async () => {
    let given = 0
    const endless = (async function* () {
      for (;;) yield given++
    })()
    const h = new SourceHarness({ limits: { maxBufferedRecords: 10, maxBufferedBytes: 1e6 } })
    const source = h.add((home) => asyncIterable(home, endless))
    await source.start()
    const all: number[] = []
    for (let time = 1000; time <= 5000; time += 1000) {
      await settle()
      await source.supervisor!.buffer.closeDue()
      all.push(...(await h.batch(source, time)).flat())
      expect(h.buffered(source).records).toBe(10)
      h.release(source, time)
    }
    await source.stop()
    expect(all).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  test('an error is reported, and the source is iterated anew', async () => {
    let lives = 0
    const source = {
      async *[Symbol.asyncIterator]() {
        yield `life ${++lives}`
        throw new Error('lost it')
      },
    }
    const h = new SourceHarness()
    const input = h.add((home) => asyncIterable(home, source))
    await input.start()
    await settle()
    expect(h.events[1]).toMatchObject({
      type: 'receiverError',
      info: { lastErrorMessage: 'Error in receiver 0', lastError: expect.stringContaining('lost it') as string },
    })
    await h.advance(2000)
    await input.stop()
    expect((await h.batch(input, 3000)).flat()).toEqual(['life 1', 'life 2'])
  })

  test('a stop lets a generator clean up, and takes nothing that comes after', async () => {
    const seen: string[] = []
    let give!: (record: string) => void
    const source = (async function* () {
      try {
        for (;;) yield await new Promise<string>((resolve) => (give = resolve))
      } finally {
        seen.push('cleaned up')
      }
    })()
    const h = new SourceHarness()
    const input = h.add((home) => asyncIterable(home, source))
    await input.start()
    await settle()
    give('in time')
    await settle()
    await input.stop()
    give('late')
    await settle()
    expect(await h.batch(input, 1000)).toEqual([['in time']])
    expect(seen).toEqual(['cleaned up'])
  })

  test.each([[undefined], [null], ['text'], [[1, 2]]])('%j is refused', (source) => {
    expect(() => new SourceHarness().add((home) => asyncIterable(home, source as never))).toThrow(
      /fromAsyncIterable: source must be an async iterable/,
    )
  })
})
