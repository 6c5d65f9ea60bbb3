import { describe, expect, test } from 'vitest'
import { lineCodec } from '../../base/lines/line-codec.js'
import { Harness, settle } from '../../../test/receive-harness.js'
import { ReceiverBuffer } from './receiver-buffer.js'
import type { ReceiverBufferOptions } from './receiver-buffer.js'

function setUp(options: Partial<ReceiverBufferOptions> = {}) {
  const harness = new Harness()
  const errors: string[] = []
  const onError = (message: string): void => void errors.push(message)
  const { clock, addBlock } = harness
  const buffer = new ReceiverBuffer({ streamId: 3, clock, addBlock, onError, ...options })
  return { harness, buffer, errors }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Shows whether a promise has resolved. */
function watch(promise: Promise<void>): { done: boolean } {
  const state = { done: false }
  void promise.then(() => (state.done = true))
  return state
}

describe('bounds', () => {
  test('store asks to wait at the bound, ready comes back at half of it, far beyond it throws', async () => {
    const { buffer, harness } = setUp({ limits: { maxBufferedRecords: 4 } })
    expect([1, 2, 3, 4, 5].map((n) => buffer.store(n, undefined))).toEqual([true, true, true, false, false])
    await buffer.closeDue()
    const ready = watch(buffer.ready())
    for (const n of [6, 7, 8]) buffer.store(n, undefined)
    expect(() => buffer.store(9, undefined)).toThrow(/8 records wait for a batch.*the 4 that maxBufferedRecords/)
    await buffer.closeDue()
    expect(harness.blocks.map((block) => block.count)).toEqual([5, 3])
    buffer.released(harness.blocks[1]!)
    await settle()
    expect([ready.done, buffer.buffered.records]).toEqual([false, 5])
    buffer.released(harness.blocks[0]!)
    buffer.released(harness.blocks[0]!)
    await settle()
    expect([ready.done, buffer.buffered.records]).toEqual([true, 0])
  })

  test('bytes have a bound of their own: of blocks of bytes, of strings and of byte arrays', async () => {
    const { buffer } = setUp({ limits: { maxBufferedBytes: 16 } })
    expect(buffer.store('1234', undefined)).toBe(true)
    expect(buffer.store(new Uint8Array(4), undefined)).toBe(true)
    expect(buffer.store({ of: 'unknown size' }, undefined)).toBe(true)
    expect(buffer.storeChunk(bytes('a\n'), lineCodec, undefined)).toBe(false)
    await buffer.storeBytes(bytes('1234567890\n'), lineCodec, {})
    expect(buffer.buffered.bytes).toBe(8 + 16 + 16)
    expect(() => buffer.storeChunk(bytes('a\n'), lineCodec, undefined)).toThrow(/maxBufferedBytes/)
  })

  test('lines shorter than 16 bytes count for 16, over all ways, and give back what they took', async () => {
    const { buffer, harness } = setUp({ limits: { maxBufferedBytes: 1000 }, rate: { maxRate: 10 } })
    for (const text of ['\n'.repeat(20), `${'x'.repeat(99)}\n`, 'ab\n'.repeat(40)]) {
      buffer.storeChunk(bytes(text), lineCodec, undefined)
    }
    await buffer.storeBytes(bytes('\n\n'), lineCodec, {})
    expect(buffer.buffered).toEqual({ records: 0, bytes: 20 * 16 + 100 + 40 * 16 + 2 * 16 })
    // The rate cuts chunks into blocks at any place.
    for (let timeMs = 100; timeMs <= 7000; timeMs += 100) await harness.advance(timeMs)
    expect(harness.blocks.length).toBeGreaterThan(20)
    expect(harness.blocks.reduce((sum, { count }) => sum + count!, 0)).toBe(63)
    for (const block of harness.blocks) buffer.released(block)
    expect(buffer.buffered).toEqual({ records: 0, bytes: 0 })
  })

  test('ready waits for the rate too, and a new rate shortens the wait', async () => {
    const { buffer, harness } = setUp({ rate: { maxRate: 100, initialRate: 10 } })
    for (let n = 0; n < 3; n++) buffer.store(n, undefined)
    const ready = watch(buffer.ready())
    await harness.advance(100)
    expect(ready.done).toBe(false)
    buffer.setRate(100)
    await harness.advance(101)
    expect([buffer.rate, ready.done]).toEqual([100, true])
  })
})

describe('blocks', () => {
  test('ids are those of Spark, unique within an interval and over an earlier run', async () => {
    const { buffer, harness } = setUp({ hasBlock: (id) => id === 'input-3-200' || id === 'input-3-200-2' })
    await harness.advance(250)
    await buffer.storeBlock(['a'], {})
    buffer.store('b', undefined)
    await buffer.closeDue()
    await harness.advance(1000)
    await buffer.storeBlock(['c'], { metadata: { file: 'x' } })
    expect(harness.blocks.map(({ id }) => id)).toEqual(['input-3-200-1', 'input-3-200-3', 'input-3-1000'])
    expect(harness.blocks[2]).toEqual({
      id: 'input-3-1000',
      streamId: 3,
      payload: { records: ['c'] },
      count: 1,
      metadata: { file: 'x' },
    })
  })

  test('a block of storeBlock is there at once, past the rate; the array may be used again; no records, no block', async () => {
    const { buffer, harness } = setUp({ rate: { maxRate: 1 } })
    const records = [1, 2, 3]
    const stored = buffer.storeBlock(records, { position: 'p' })
    records.length = 0
    expect(buffer.position).toBeUndefined()
    await stored
    await buffer.storeBlock([], {})
    await buffer.storeBytes(new Uint8Array(), lineCodec, {})
    buffer.storeChunk(new Uint8Array(), lineCodec, undefined)
    await buffer.flush()
    expect(harness.records).toEqual([1, 2, 3])
    expect([harness.blocks.length, buffer.position]).toEqual([1, 'p'])
  })

  test('a block with places without a record is refused at once, however many there are', async () => {
    const { buffer, harness } = setUp()
    const sparse: number[] = []
    sparse[4e9] = 1
    await expect(buffer.storeBlock(sparse, { position: 1 })).rejects.toMatchObject({
      code: 'bad-option',
      message:
        'storeBlock: records is an array of 4,000,000,001 places with no record at place 0. Pass the records only, Object.values(records)',
    })
    expect([harness.blocks, buffer.buffered, buffer.position]).toEqual([[], { records: 0, bytes: 0 }, undefined])
    await buffer.storeBlock(Object.values(sparse), {})
    await buffer.storeBlock([undefined], {})
    expect(harness.records).toEqual([1, undefined])
  })

  test('a block of storeBlock that cannot be stored rejects, and takes no room', async () => {
    const { buffer, harness } = setUp()
    const cause = new Error('disk full')
    harness.failures.push(cause)
    await expect(buffer.storeBlock(['a'], { position: 1 })).rejects.toMatchObject({ code: 'block-not-stored', cause })
    expect([harness.blocks, buffer.buffered.records, buffer.position]).toEqual([[], 0, undefined])
  })

  test('a gathered block that cannot be stored is tried again before any later one', async () => {
    const { buffer, harness, errors } = setUp()
    harness.failures.push(new Error('disk full'), new Error('still full'))
    buffer.store('a', 1)
    await buffer.closeDue()
    buffer.store('b', 2)
    await harness.advance(2100)
    expect(harness.records).toEqual([])
    expect(errors.length).toBe(2)
    await harness.advance(4200)
    expect(harness.records).toEqual(['a', 'b'])
    expect(buffer.unstored).toEqual([])
  })

  test('the last position that was taken is where a restart goes on', () => {
    const { buffer } = setUp()
    buffer.position = 'from an earlier run'
    buffer.store('a', undefined)
    expect(buffer.position).toBe('from an earlier run')
    buffer.store('b', 5)
    buffer.storeChunk(bytes('x\n'), lineCodec, 6)
    expect(buffer.position).toBe(6)
  })
})
