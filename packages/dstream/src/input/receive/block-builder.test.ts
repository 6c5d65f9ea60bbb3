import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineCodec } from '../../base/lines/line-codec.js'
import { ManualClock } from '../../testing/manual-clock.js'
import { BlockBuilder } from './block-builder.js'
import { RateLimiter } from './rate-limiter.js'
import { chunkOf, type BlockContents } from './segment.js'

interface Shown {
  readonly atMs: number
  readonly stampMs: number
  readonly records: readonly unknown[]
  readonly position: unknown
}

function setUp(options: { rate?: number; intervalMs?: number } = {}) {
  const clock = new ManualClock()
  const blocks: Shown[] = []
  const show = (closed: BlockContents, stampMs: number): void => {
    const { payload, position } = closed
    const records = 'records' in payload ? payload.records : [...payload.codec.decode(payload.bytes, () => {})]
    if (closed.count !== undefined) expect(closed.count).toBe(records.length)
    blocks.push({ atMs: clock.now(), stampMs, records, position })
  }
  const limiter = new RateLimiter(clock, { maxRate: options.rate })
  const builder = new BlockBuilder({ clock, intervalMs: options.intervalMs ?? 200, limiter, onBlock: show })
  const advance = (toMs: number): void => {
    for (let at = clock.nextTimer(toMs); at !== undefined; at = clock.nextTimer(toMs)) clock.runNext(at)
    clock.runNext(toMs)
  }
  return { clock, blocks, builder, advance }
}

function chunk(...lines: string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''))
}

describe('block interval', () => {
  test('a block closes at the next multiple, named after its beginning; none when nothing came', () => {
    const { builder, blocks, advance } = setUp()
    advance(50)
    builder.add('a', undefined)
    advance(150)
    builder.add('b', undefined)
    advance(1050)
    builder.add('c', undefined)
    advance(2000)
    expect(blocks).toEqual([
      { atMs: 200, stampMs: 0, records: ['a', 'b'], position: undefined },
      { atMs: 1200, stampMs: 1000, records: ['c'], position: undefined },
    ])
  })

  test('bytes that would be too many for one block close it at once, unless they are ahead of the rate', () => {
    const large = (name: string): ReturnType<typeof chunkOf> =>
      chunkOf(chunk(`${name}${'.'.repeat(1024 * 1024)}`), lineCodec, undefined)
    const shown = (blocks: readonly Shown[]): unknown[] =>
      blocks.map(({ atMs, stampMs, records }) => [atMs, stampMs, records.map((line) => String(line)[0]).join('')])
    const free = setUp()
    free.advance(50)
    for (const name of 'abcdef') free.builder.append(large(name), lineCodec)
    expect(shown(free.blocks)).toEqual([[50, 0, 'abcd']])
    free.advance(200)
    expect(shown(free.blocks)).toEqual([
      [50, 0, 'abcd'],
      [200, 0, 'ef'],
    ])
    const limited = setUp({ rate: 10 })
    for (const name of 'abcdef') limited.builder.append(large(name), lineCodec)
    expect(limited.blocks).toEqual([])
  })

  test('while nothing waits no timer runs', () => {
    const { builder, clock, advance } = setUp()
    builder.add('a', undefined)
    advance(200)
    expect(clock.nextTimer(Infinity)).toBeUndefined()
  })

  test('closeDue closes at once, and the interval goes on', () => {
    const { builder, blocks, advance } = setUp()
    advance(450)
    builder.add('a', undefined)
    builder.closeDue()
    builder.closeDue()
    builder.add('b', undefined)
    advance(600)
    expect(blocks.map(({ atMs, stampMs, records }) => [atMs, stampMs, records])).toEqual([
      [450, 400, ['a']],
      [600, 400, ['b']],
    ])
  })

  test('records, and bytes of each codec, become blocks of their own, in order', () => {
    const { builder, blocks } = setUp()
    const other = { ...lineCodec, id: 'other' }
    builder.add(1, undefined)
    builder.append(chunkOf(chunk('a'), lineCodec, undefined), lineCodec)
    builder.append(chunkOf(chunk('b', 'c'), lineCodec, undefined), lineCodec)
    builder.append(chunkOf(chunk('d'), other, undefined), other)
    builder.add(2, undefined)
    builder.closeDue()
    expect(blocks.map(({ records }) => records)).toEqual([[1], ['a', 'b', 'c'], ['d'], [2]])
  })

  test('a block has the last position that was given with its records', () => {
    const { builder, blocks, advance } = setUp({ rate: 10 })
    builder.add('a', undefined)
    builder.add('b', 7)
    builder.add('c', undefined)
    builder.add('d', 9)
    for (const ms of [200, 400, 600]) advance(ms)
    expect(blocks.map(({ records, position }) => [records, position])).toEqual([
      [['a', 'b'], 7],
      [['c', 'd'], 9],
    ])
  })
})

describe('rate', () => {
  test('what came too fast stays until it is due, also as bytes', () => {
    const { builder, blocks, advance } = setUp({ rate: 10 })
    builder.append(chunkOf(chunk('a', 'b', 'c'), lineCodec, 1), lineCodec)
    builder.append(chunkOf(chunk('d', 'e'), lineCodec, 2), lineCodec)
    advance(1000)
    expect(blocks.map(({ atMs, records, position }) => [atMs, records, position])).toEqual([
      [200, ['a', 'b'], undefined],
      [400, ['c', 'd'], 1],
      [600, ['e'], 2],
    ])
  })

  test('flush closes all the same', () => {
    const { builder, blocks, clock } = setUp({ rate: 1 })
    for (const record of [1, 2, 3]) builder.add(record, undefined)
    builder.closeDue()
    expect(blocks).toEqual([])
    builder.flush()
    expect(blocks.map(({ records }) => records)).toEqual([[1, 2, 3]])
    expect(clock.nextTimer(Infinity)).toBeUndefined()
  })
})

const arrival = fc.oneof(
  fc.record({ afterMs: fc.nat(500), records: fc.nat(8), as: fc.constantFrom('records', 'bytes') }),
  fc.record({ afterMs: fc.nat(500), records: fc.constant(0), as: fc.constant('cut') }),
)

test('law: blocks hold what came, in order, none empty, each record in the block of its interval; never above the rate', () => {
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 40 }), fc.option(fc.integer({ min: 1, max: 60 })), (script, rate) => {
      const { builder, blocks, advance, clock } = setUp(rate === null ? {} : { rate })
      const arrivals = new Map<string, number>()
      for (const { afterMs, records, as } of script) {
        advance(clock.now() + afterMs)
        const fresh = Array.from({ length: records }, (_, i) => `${arrivals.size + i}`)
        for (const record of fresh) arrivals.set(record, clock.now())
        if (as === 'cut') builder.closeDue()
        else if (as === 'records') fresh.forEach((record) => builder.add(record, undefined))
        else if (records > 0) builder.append(chunkOf(chunk(...fresh), lineCodec, undefined), lineCodec)
      }
      let closed = 0
      for (const block of blocks) {
        closed += block.records.length
        expect(block.records.length).toBeGreaterThan(0)
        if (rate !== null) expect(closed).toBeLessThanOrEqual((block.atMs * rate) / 1000 + 1e-6)
      }
      advance(clock.now() + 200)
      if (rate === null) {
        for (const { atMs, stampMs, records } of blocks) {
          for (const record of records) {
            const came = arrivals.get(record as string)!
            expect(came).toBeLessThanOrEqual(atMs)
            expect(atMs - came).toBeLessThanOrEqual(200)
            expect(stampMs % 200).toBe(0)
            expect(came).toBeGreaterThanOrEqual(stampMs)
          }
        }
      }
      builder.flush()
      expect(blocks.flatMap(({ records }) => records)).toEqual([...arrivals.keys()])
    }),
  )
})
