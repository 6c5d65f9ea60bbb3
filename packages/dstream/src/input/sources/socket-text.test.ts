import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { settle } from '../../../test/receive-harness.js'
import { SourceHarness } from '../../../test/source-harness.js'
import { jsonLines } from '../../base/lines/json-lines.js'
import { connect } from '../../platform/connect.js'
import type { Connect, ConnectionEvents } from '../../base/ports.js'
import { socketText } from './socket-text.js'

/** A server whose connections the test drives by hand. */
function invented() {
  const connections: (ConnectionEvents & { paused: boolean; closed: boolean })[] = []
  const dial: Connect = (_host, _port, events) => {
    const connection = { ...events, paused: false, closed: false }
    connections.push(connection)
    return {
      pause: () => void (connection.paused = true),
      resume: () => void (connection.paused = false),
      close: () => void (connection.closed = true),
    }
  }
  return { connections, dial }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

describe('with an invented server', () => {
  test('lines come out, cut anywhere; the blocks hold the bytes', async () => {
    const { connections, dial } = invented()
    const h = new SourceHarness()
    const source = h.add((home) => socketText(home, dial, 'example.org', 9999))
    expect([source.name, source.operator.kind, source.operator.params]).toEqual([
      'Socket stream [0]',
      'socketTextStream',
      { host: 'example.org', port: 9999 },
    ])
    await source.start()
    const euro = bytes('€')
    connections[0]!.opened()
    connections[0]!.data(bytes('one\r\ntwo'))
    connections[0]!.data(euro.subarray(0, 1))
    connections[0]!.data(Uint8Array.of(...euro.subarray(1), 0x0a))
    await source.supervisor!.buffer.closeDue()
    expect(h.blocks.map(({ payload }) => 'bytes' in payload)).toEqual([true])
    expect(await h.batch(source, 1000)).toEqual([['one', 'two€']])
    expect(source.info(1000)).toEqual({ inputStreamId: 0, numRecords: 2, metadata: {} })
    expect(await h.batch(source, 2000)).toEqual([])
    expect(source.info(2000).numRecords).toBe(0)
    await source.stop()
    expect(connections[0]!.closed).toBe(true)
  })

  test('a codec makes records of the lines; a line that does not decode is reported and left out', async () => {
    const { connections, dial } = invented()
    const h = new SourceHarness()
    const codec = jsonLines({ fields: ['a'] })
    const source = h.add((home) => socketText(home, dial, 'h', 1, { codec }))
    await source.start()
    connections[0]!.opened()
    connections[0]!.data(bytes('{"a":1,"b":2}\n{"a":2,"b":}\n{"b":3,'))
    connections[0]!.data(bytes('"a":3}\n'))
    await source.supervisor!.buffer.closeDue()
    expect((await h.batch(source, 1000)).flat()).toEqual([{ a: 1 }, { a: 3 }])
    expect(h.events.map(({ info }) => info.lastErrorMessage).join()).toContain(
      'A record does not decode and is left out: "{\\"a\\":2,\\"b\\":}"',
    )
    expect(source.codec!('dstream-json-lines')).toBe(codec)
    await source.stop()
  })

  test('at the end of the connection the unterminated line counts, and a new connection follows', async () => {
    const { connections, dial } = invented()
    const h = new SourceHarness()
    const source = h.add((home) => socketText(home, dial, 'h', 1))
    await source.start()
    connections[0]!.opened()
    connections[0]!.data(bytes('a\nb'))
    connections[0]!.ended()
    expect(h.events.at(-1)!.info.lastErrorMessage).toBe(
      'Restarting receiver with delay 2000ms: Socket data stream had no more data',
    )
    connections[0]!.data(bytes('late\n'))
    await h.advance(2000)
    expect(connections.length).toBe(2)
    connections[1]!.data(bytes('c\n'))
    await source.stop()
    expect(await h.batch(source, 3000)).toEqual([['a', 'b'], ['c']])
  })

  test('no connection is tried again, for ever; a broken one loses its incomplete line only', async () => {
    const { connections, dial } = invented()
    const h = new SourceHarness()
    const source = h.add((home) => socketText(home, dial, 'h', 1))
    await source.start()
    connections[0]!.failed(new Error('ECONNREFUSED'))
    expect(h.events.at(-1)!.info.lastErrorMessage).toMatch(/delay 2000ms: Error connecting to h:1/)
    await h.advance(2000)
    connections[1]!.failed(new Error('ECONNREFUSED'))
    expect(h.events.at(-1)!.info.lastErrorMessage).toMatch(/delay 4000ms/)
    await h.advance(6000)
    connections[2]!.opened()
    connections[2]!.data(bytes('whole\nhal'))
    connections[2]!.failed(new Error('ECONNRESET'))
    expect(h.events.at(-1)!.info).toMatchObject({
      lastErrorMessage: 'Restarting receiver with delay 2000ms: Error receiving data',
      lastError: expect.stringContaining('ECONNRESET') as string,
    })
    await source.stop()
    expect(await h.batch(source, 7000)).toEqual([['whole']])
  })

  test('the socket is paused while the buffer is full, and goes on when a batch has consumed', async () => {
    const { connections, dial } = invented()
    const h = new SourceHarness({ limits: { maxBufferedRecords: 10, maxBufferedBytes: 20 } })
    const source = h.add((home) => socketText(home, dial, 'h', 1))
    await source.start()
    connections[0]!.data(bytes('0123456789\n'))
    expect(connections[0]!.paused).toBe(false)
    connections[0]!.data(bytes('0123456789\n'))
    expect(connections[0]!.paused).toBe(true)
    await source.supervisor!.buffer.closeDue()
    await h.batch(source, 1000)
    expect(connections[0]!.paused).toBe(true)
    h.release(source, 1000)
    await settle()
    expect(connections[0]!.paused).toBe(false)
  })

  test('a rate limit holds for lines that came in one chunk', async () => {
    const { connections, dial } = invented()
    const h = new SourceHarness({ rate: { maxRate: 2 } })
    const source = h.add((home) => socketText(home, dial, 'h', 1))
    await source.start()
    connections[0]!.data(bytes('1\n2\n3\n4\n5\n'))
    expect(connections[0]!.paused).toBe(true)
    const batches: string[][][] = []
    for (const time of [1000, 2000, 3000]) {
      await h.advance(time)
      batches.push(await h.batch(source, time))
    }
    expect(batches.map((partitions) => partitions.flat())).toEqual([['1', '2'], ['3', '4'], ['5']])
    expect(connections[0]!.paused).toBe(false)
  })

  test('a line above the bound is left out and reported', async () => {
    const { connections, dial } = invented()
    const h = new SourceHarness()
    const source = h.add((home) => socketText(home, dial, 'h', 1, { maxLineBytes: 5 }))
    await source.start()
    connections[0]!.data(bytes('short\nmuch too long\nok\n'))
    expect(h.events.at(-1)).toMatchObject({
      type: 'receiverError',
      info: { lastErrorMessage: expect.stringMatching(/longer than the 5 bytes that maxLineBytes/) as string },
    })
    await source.stop()
    expect(await h.batch(source, 1000)).toEqual([['short', 'ok']])
  })

  test.each<[unknown, unknown, RegExp]>([
    ['', 1, /host must be a string/],
    ['h', 0, /port must be a whole number from 1 to 65535, not 0/],
    ['h', 65_536, /port/],
    ['h', '1', /port/],
  ])('an address of %j and %j is refused', (host, port, message) => {
    const { dial } = invented()
    const h = new SourceHarness()
    expect(() => h.add((home) => socketText(home, dial, host as string, port as number))).toThrow(message)
  })
})

describe('with a real server', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  const serve = async (serveOne: (socket: Socket) => void): Promise<number> => {
    const server = createServer(serveOne)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as { port: number }).port
  }

  test('lines arrive, over reconnects', async () => {
    let served = 0
    const port = await serve((socket) => {
      served++
      socket.end(`hello ${served}\nné €uro 😀 ${served}`)
    })
    const h = new SourceHarness()
    const source = h.add((home) => socketText(home, connect, '127.0.0.1', port))
    await source.start()
    for (const life of [1, 2]) {
      await h.until(() => h.eventTypes.filter((type) => type === 'receiverStopped').length === life)
      await h.advance(h.clock.now() + 2000)
    }
    await source.stop()
    const lines = (await h.batch(source, 9000)).flat()
    expect(lines.slice(0, 4)).toEqual(['hello 1', 'né €uro 😀 1', 'hello 2', 'né €uro 😀 2'])
  })

  test('nobody there: it says so and goes on trying', async () => {
    const port = await serve(() => {})
    await new Promise<void>((resolve) => servers.pop()!.close(() => resolve()))
    const h = new SourceHarness()
    const source = h.add((home) => socketText(home, connect, '127.0.0.1', port))
    await source.start()
    await h.until(() => h.eventTypes.includes('receiverStopped'))
    expect(h.events.at(-1)!.info).toMatchObject({
      lastErrorMessage: `Restarting receiver with delay 2000ms: Error connecting to 127.0.0.1:${port}`,
      lastError: expect.stringContaining('ECONNREFUSED') as string,
    })
    await source.stop()
  })

  test('a full buffer stops the sender, and nothing is lost', async () => {
    const total = 40_000
    const line = (i: number): string => `line ${i} ${'x'.repeat(500)}`
    let written = 0
    const port = await serve((socket) => {
      const write = (): void => {
        while (written < total) if (!socket.write(`${line(written++)}\n`)) return void socket.once('drain', write)
        socket.end()
      }
      write()
    })
    const h = new SourceHarness({ limits: { maxBufferedRecords: 1e6, maxBufferedBytes: 256 * 1024 } })
    const source = h.add((home) => socketText(home, connect, '127.0.0.1', port))
    await source.start()
    await h.until(() => h.buffered(source).bytes >= 256 * 1024)
    for (let turn = 0; turn < 200; turn++) await settle()
    expect(h.buffered(source).bytes).toBeLessThan(512 * 1024)
    expect(written).toBeLessThan(total)
    const received: string[] = []
    for (let time = 1000; received.length < total; time += 1000) {
      await h.until(() => h.buffered(source).bytes > 0)
      await source.supervisor!.buffer.closeDue()
      received.push(...(await h.batch(source, time)).flat())
      h.release(source, time)
    }
    expect(received.length).toBe(total)
    expect(received.findIndex((text, i) => text !== line(i))).toBe(-1)
    await source.stop()
  })
})
