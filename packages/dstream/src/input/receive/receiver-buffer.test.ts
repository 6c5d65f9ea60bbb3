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
  const intake = new ReceiverBuffer({ streamId: 3, clock, addBlock, onError, ...options })
  return { harness, intake, errors }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Whether a promise has settled by now. */
function watch(promise: Promise<void>): { done: boolean } {
  const state = { done: false }
  void promise.then(() => (state.done = true))
  return state
}

describe('bounds', () => {
  test('store asks to wait at the bound, ready comes back at half of it, far beyond it throws', async () => {
    const { intake, harness } = setUp({ limits: { maxBufferedRecords: 4 } })
    expect([1, 2, 3, 4, 5].map((n) => intake.store(n, undefined))).toEqual([true, true, true, false, false])
    await intake.closeDue()
    const ready = watch(intake.ready())
    for (const n of [6, 7, 8]) intake.store(n, undefined)
    expect(() => intake.store(9, undefined)).toThrow(/8 records wait for a batch.*the 4 that maxBufferedRecords/)
    await intake.closeDue()
    expect(harness.blocks.map((block) => block.count)).toEqual([5, 3])
    intake.released(harness.blocks[1]!)
    await settle()
    expect([ready.done, intake.buffered.records]).toEqual([false, 5])
    intake.released(harness.blocks[0]!)
    intake.released(harness.blocks[0]!)
    await settle()
    expect([ready.done, intake.buffered.records]).toEqual([true, 0])
  })

  test('bytes have a bound of their own: of blocks of bytes, of strings and of byte arrays', async () => {
    const { intake } = setUp({ limits: { maxBufferedBytes: 10 } })
    expect(intake.store('1234', undefined)).toBe(true)
    expect(intake.store(new Uint8Array(4), undefined)).toBe(true)
    expect(intake.store({ of: 'unknown size' }, undefined)).toBe(true)
    expect(intake.storeChunk(bytes('a\n'), lineCodec, undefined)).toBe(false)
    await intake.storeBytes(bytes('1234567890\n'), lineCodec, {})
    expect(intake.buffered.bytes).toBe(21)
    expect(() => intake.storeChunk(bytes('a\n'), lineCodec, undefined)).toThrow(/maxBufferedBytes/)
  })

  test('ready waits for the rate too, and a new rate shortens the wait', async () => {
    const { intake, harness } = setUp({ rate: { maxRate: 100, initialRate: 10 } })
    for (let n = 0; n < 3; n++) intake.store(n, undefined)
    const ready = watch(intake.ready())
    await harness.advance(100)
    expect(ready.done).toBe(false)
    intake.setRate(100)
    await harness.advance(101)
    expect([intake.rate, ready.done]).toEqual([100, true])
  })
})

describe('blocks', () => {
  test('ids are those of Spark, unique within an interval and over an earlier run', async () => {
    const { intake, harness } = setUp({ hasBlock: (id) => id === 'input-3-200' || id === 'input-3-200-2' })
    await harness.advance(250)
    await intake.storeBlock(['a'], {})
    intake.store('b', undefined)
    await intake.closeDue()
    await harness.advance(1000)
    await intake.storeBlock(['c'], { metadata: { file: 'x' } })
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
    const { intake, harness } = setUp({ rate: { maxRate: 1 } })
    const records = [1, 2, 3]
    const stored = intake.storeBlock(records, { position: 'p' })
    records.length = 0
    expect(intake.position).toBeUndefined()
    await stored
    await intake.storeBlock([], {})
    await intake.storeBytes(new Uint8Array(), lineCodec, {})
    intake.storeChunk(new Uint8Array(), lineCodec, undefined)
    await intake.flush()
    expect(harness.records).toEqual([1, 2, 3])
    expect([harness.blocks.length, intake.position]).toEqual([1, 'p'])
  })

  test('a block of storeBlock that cannot be stored rejects, and takes no room', async () => {
    const { intake, harness } = setUp()
    const cause = new Error('disk full')
    harness.failures.push(cause)
    await expect(intake.storeBlock(['a'], { position: 1 })).rejects.toMatchObject({ code: 'block-not-stored', cause })
    expect([harness.blocks, intake.buffered.records, intake.position]).toEqual([[], 0, undefined])
  })

  test('a gathered block that cannot be stored is tried again before any later one', async () => {
    const { intake, harness, errors } = setUp()
    harness.failures.push(new Error('disk full'), new Error('still full'))
    intake.store('a', 1)
    await intake.closeDue()
    intake.store('b', 2)
    await harness.advance(2100)
    expect(harness.records).toEqual([])
    expect(errors.length).toBe(2)
    await harness.advance(4200)
    expect(harness.records).toEqual(['a', 'b'])
    expect(intake.unstored).toEqual([])
  })

  test('the last position that was taken is where a restart goes on', () => {
    const { intake } = setUp()
    intake.position = 'from an earlier run'
    intake.store('a', undefined)
    expect(intake.position).toBe('from an earlier run')
    intake.store('b', 5)
    intake.storeChunk(bytes('x\n'), lineCodec, 6)
    expect(intake.position).toBe(6)
  })
})
