import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { pack } from 'msgpackr/pack'
import { afterEach, describe, expect, test } from 'vitest'
import { settle } from '../../../test/receive-harness.js'
import { SourceHarness } from '../../../test/source-harness.js'
import { msgpackCodec } from '../../durable/codec/msgpack-codec.js'
import { connect } from '../../platform/connect.js'
import { decodedSocket } from './decoded-socket.js'
import type { Decode } from './decoded-socket.js'
import type { InputSource, SourceHome } from './input-source.js'
import { rawSocket } from './raw-socket.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A server that sends the next of these replies to each connection and then ends it. */
async function serve(...replies: readonly Uint8Array[]): Promise<number> {
  let served = 0
  const server = createServer((socket) => void socket.end(replies[served++] ?? new Uint8Array()))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

function stops(h: SourceHarness): number {
  return h.eventTypes.filter((type) => type === 'receiverStopped').length
}

/** Makes a number of connections and returns everything that was received. */
async function receive<T>(make: (home: SourceHome) => InputSource<T>, lives = 1) {
  const h = new SourceHarness()
  const source = h.add(make)
  await source.start()
  for (let life = 1; life <= lives; life++) {
    await h.until(() => stops(h) === life)
    if (life < lives) await h.advance(h.clock.now() + 30_000)
  }
  await source.stop()
  return { h, source, partitions: await h.batch(source, 1e6) }
}

describe('socketStream', () => {
  const numbers: Decode<number> = async function* (chunks) {
    for await (const chunk of chunks) yield* chunk
  }

  test('what decode gives, over reconnects', async () => {
    const port = await serve(Uint8Array.of(1, 2, 3), Uint8Array.of(4))
    const { h, partitions } = await receive((home) => decodedSocket(home, connect, '127.0.0.1', port, numbers), 2)
    expect(partitions.flat()).toEqual([1, 2, 3, 4])
    expect(h.events[1]!.info.lastErrorMessage).toMatch(/Socket data stream had no more data/)
  })

  test('decode is told the end, and what it gives then counts', async () => {
    const port = await serve(Uint8Array.of(1, 2, 3))
    const sum: Decode<number> = async function* (chunks) {
      let total = 0
      for await (const chunk of chunks) for (const byte of chunk) total += byte
      yield total
    }
    const { partitions } = await receive((home) => decodedSocket(home, connect, '127.0.0.1', port, sum))
    expect(partitions).toEqual([[6]])
  })

  test('a decode that throws, and one that ends early, are followed by another connection', async () => {
    const port = await serve(Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3))
    let life = 0
    const moody: Decode<number> = async function* (chunks) {
      life++
      for await (const chunk of chunks) {
        yield* chunk
        if (life === 1) throw new Error('cannot read this')
        if (life === 2) return
      }
    }
    const { h, partitions } = await receive((home) => decodedSocket(home, connect, '127.0.0.1', port, moody), 3)
    expect(partitions.flat()).toEqual([1, 2, 3])
    const stopped = h.events.filter(({ type }) => type === 'receiverStopped')
    expect(stopped[0]!.info.lastErrorMessage).toMatch(/Error receiving data/)
    expect(stopped[0]!.info.lastError).toContain('cannot read this')
    expect(stopped[1]!.info.lastErrorMessage).toMatch(/no more data/)
  })

  test('a decode that waits is read no further than it asks', async () => {
    const h = new SourceHarness()
    let paused = false
    const never: Decode<number> = async function* () {
      await new Promise(() => {})
      yield 1
    }
    const source = h.add((home) =>
      decodedSocket(
        home,
        (_host, _port, events) => {
          queueMicrotask(() => events.data(Uint8Array.of(1)))
          return { pause: () => void (paused = true), resume: () => void (paused = false), close: () => {} }
        },
        'h',
        1,
        never,
      ),
    )
    await source.start()
    await settle()
    expect(paused).toBe(true)
    await source.stop()
  })

  test('what is no function is refused', () => {
    const h = new SourceHarness()
    expect(() => h.add((home) => decodedSocket(home, connect, 'h', 1, 5 as never))).toThrow(/decode must be a function/)
  })
})

function frame(payload: Uint8Array): Uint8Array {
  const head = new Uint8Array(4)
  new DataView(head.buffer).setUint32(0, payload.length)
  return Buffer.concat([head, payload])
}

describe('rawSocketStream', () => {
  test('each frame is a block; its bytes stay bytes until the batch is read', async () => {
    const frames = [frame(Buffer.concat([pack('a'), pack({ n: 1 })])), frame(pack('b'))]
    const port = await serve(Buffer.concat(frames))
    const { h, source, partitions } = await receive((home) => rawSocket(home, connect, '127.0.0.1', port, msgpackCodec))
    expect(partitions).toEqual([['a', { n: 1 }], ['b']])
    expect(h.blocks.every(({ payload }) => 'bytes' in payload)).toBe(true)
    expect(source.info(1e6).numRecords).toBe(3)
    expect(source.codec!('dstream-msgpack')).toBe(msgpackCodec)
  })

  test('a frame with the byte that MessagePack does not use is no record', async () => {
    const broken = Uint8Array.of(0x92, 1, 0xc1)
    const port = await serve(Buffer.concat([pack(['a', 1]), broken, pack('b')].map(frame)))
    const { h, partitions } = await receive((home) => rawSocket(home, connect, '127.0.0.1', port, msgpackCodec))
    expect(partitions.flat()).toEqual([['a', 1], 'b'])
    expect(h.blocks).toHaveLength(3)
  })

  test('a frame that is cut off is reported, one that is none ends the connection', async () => {
    const port = await serve(frame(pack('whole and cut')).subarray(0, 9), Buffer.from('HTTP/1.1 200 OK'))
    const { h, partitions } = await receive((home) => rawSocket(home, connect, '127.0.0.1', port, msgpackCodec), 2)
    expect(partitions).toEqual([])
    const said = h.events.map(({ info }) => info.lastErrorMessage)
    expect(said).toContainEqual(expect.stringMatching(/9 bytes before the end of a frame/))
    expect(h.events.map(({ info }) => info.lastError)).toContainEqual(
      expect.stringContaining('claims 1213486160 bytes'),
    )
  })
})
