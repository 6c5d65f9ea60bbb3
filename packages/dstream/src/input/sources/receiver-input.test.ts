import { describe, expect, test } from 'vitest'
import { SourceHarness } from '../../../test/source-harness.js'
import type { Codec } from '../../base/codec.js'
import { Receiver } from '../receive/receiver.js'
import { lineCodec } from '../../base/lines/line-codec.js'
import { receiverInput } from './receiver-input.js'
import { noReads } from '../../../test/reads.js'

class Idle extends Receiver<string> {
  override onStart(): void {}
  override onStop(): void {}
}

/** Lines that are only counted by decoding them. */
const uncounted: Codec<string> = { id: 'uncounted', decode: (data, bad) => lineCodec.decode(data, bad) }

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

describe('batches', () => {
  test('one partition a block, in order of arrival; none when nothing came', async () => {
    const h = new SourceHarness()
    const receiver = new Idle()
    const source = h.add((home) => receiverInput(home, receiver))
    await source.start()
    receiver.store('a')
    receiver.store('b')
    await h.advance(200)
    await receiver.storeBlock(['c'])
    await receiver.storeBytes(bytes('d\ne\n'), lineCodec)
    expect(await h.batch(source, 1000)).toEqual([['a', 'b'], ['c'], ['d', 'e']])
    expect(source.info(1000)).toEqual({ inputStreamId: 0, numRecords: 5, metadata: {} })
    expect(await h.batch(source, 2000)).toEqual([])
  })

  test('each stream gets its own', async () => {
    const h = new SourceHarness()
    const receivers = [new Idle(), new Idle()]
    const sources = receivers.map((receiver) => h.add((home) => receiverInput(home, receiver)))
    for (const source of sources) await source.start()
    await receivers[1]!.storeBlock(['for 1'])
    await receivers[0]!.storeBlock(['for 0'])
    expect(await h.batch(sources[0]!, 1000)).toEqual([['for 0']])
    expect(await h.compute(sources[1]!, 1000)).toEqual([['for 1']])
    expect(sources.map(({ name }) => name)).toEqual(['Idle stream [0]', 'Idle stream [1]'])
  })

  test('records that do not decode are not counted; metadata of blocks is handed on', async () => {
    const onlyDigits: Codec<string> = {
      id: 'digits',
      *decode(data, bad) {
        for (const line of lineCodec.decode(data, bad)) {
          if (/^\d+$/.test(line)) yield line
          else bad(bytes(line), new Error('no digits'))
        }
      },
    }
    const h = new SourceHarness()
    const receiver = new Idle()
    const source = h.add((home) => receiverInput(home, receiver))
    await source.start()
    await receiver.storeBytes(bytes('1\nx\n2\n'), onlyDigits, { metadata: { file: 'a' } })
    expect(await h.batch(source, 1000)).toEqual([['1', '2']])
    expect(source.info(1000)).toEqual({ inputStreamId: 0, numRecords: 2, metadata: { blocks: [{ file: 'a' }] } })
    source.forget!(1000)
  })

  test.each<[string, Codec<string>, number[]]>([
    ['are counted when they come', lineCodec, [3, 3, 3]],
    ['that only decoding can count, are once all have been read, and none twice', uncounted, [0, 0, 3]],
  ])('bytes %s', async (_, codec, numRecords) => {
    const h = new SourceHarness()
    const receiver = new Idle()
    const source = h.add((home) => receiverInput(home, receiver))
    await source.start()
    await receiver.storeBytes(bytes('1\n2\n3\n'), codec)
    h.allocate(1000)
    const counts = [source.info(1000).numRecords]
    const rdd = await source.operator.compute(1000, noReads)
    await rdd!.take(1)
    counts.push(source.info(1000).numRecords)
    await rdd!.count()
    await rdd!.count()
    counts.push(source.info(1000).numRecords)
    expect(counts).toEqual(numRecords)
  })

  test('bytes that are counted do not count for the bound in records', async () => {
    const h = new SourceHarness()
    const receiver = new Idle()
    const source = h.add((home) => receiverInput(home, receiver))
    await source.start()
    await receiver.storeBytes(bytes('1\n2\n'), lineCodec)
    receiver.storeChunk(bytes('3\n'), lineCodec)
    expect(h.buffered(source)).toEqual({ records: 0, bytes: 3 * 16 })
    await source.supervisor!.buffer.closeDue()
    h.allocate(1000)
    h.release(source, 1000)
    expect(h.buffered(source)).toEqual({ records: 0, bytes: 0 })
  })
})

describe('recovery', () => {
  test('the receiver goes on from the position of its last block', async () => {
    const positions: unknown[] = []
    class Resuming extends Idle {
      override onStart(): void {
        positions.push(this.position)
      }
    }
    const h = new SourceHarness()
    const first = h.add((home) => receiverInput(home, new Resuming()))
    const second = h.add((home) => receiverInput(home, new Resuming()))
    second.restore!({ cursor: 7 })
    await first.start()
    await second.start()
    expect(positions).toEqual([undefined, { cursor: 7 }])
  })

  test('codecs are found by id: those that the receiver names, and those it has used', async () => {
    class Named extends Idle {
      override readonly codecs = [lineCodec]
    }
    const other = { ...lineCodec, id: 'of receiver-input.test' }
    const h = new SourceHarness()
    const receiver = new Named()
    const source = h.add((home) => receiverInput(home, receiver))
    expect(source.codec!('dstream-lines')).toBe(lineCodec)
    expect(source.codec!(other.id)).toBeUndefined()
    await source.start()
    await receiver.storeBytes(bytes('a\n'), other)
    expect(source.codec!(other.id)).toBe(other)
  })

  test('a block has an id that no block of an earlier run has', async () => {
    const earlier = { id: 'input-0-0', streamId: 0, payload: { records: [] }, count: 0 }
    const h = new SourceHarness({}, [earlier])
    const receiver = new Idle()
    const source = h.add((home) => receiverInput(home, receiver))
    await source.start()
    await receiver.storeBlock(['a'])
    expect(h.blocks.map(({ id }) => id)).toEqual(['input-0-0-1'])
  })
})

test('what is no receiver is refused', () => {
  expect(() => new SourceHarness().add((home) => receiverInput(home, {} as never))).toThrow(
    /receiverStream needs a receiver/,
  )
})
