import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../../test/manual-clock.js'
import { FeedClient, type ClientPorts } from './feed-client.js'
import { encodeGap, encodePost, postCodec, type Post } from './feed/index.js'

function post(n: number): Post {
  return { id: String(n), hour: '', topic: 'é😀', auteur: '', message: '', stickers: [] }
}

/** A feed server and a client of it, with everything the client says and stores. */
class Pair {
  readonly clock = new ManualClock()
  readonly reports: string[] = []
  readonly stored: string[] = []
  readonly cursors: (string | undefined)[] = []
  readonly asked: string[] = []
  readonly sockets: Socket[] = []
  readonly server: Server
  readonly client: FeedClient
  store: ClientPorts['store'] = async (block, cursor) => {
    for (const { id } of postCodec.decode(block, (record) => this.reports.push(`bad ${String(record)}`)))
      this.stored.push(id)
    this.cursors.push(cursor)
  }

  static async open(options: Partial<ClientPorts> = {}): Promise<Pair> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Pair(server, options)
  }

  constructor(server: Server, options: Partial<ClientPorts>) {
    this.server = server
    const { port } = server.address() as AddressInfo
    server.on('connection', (socket) => {
      this.sockets.push(socket)
      socket.on('data', (data) => this.asked.push(String(data)))
      socket.on('error', () => {})
    })
    this.client = new FeedClient({
      clock: this.clock,
      random: () => 0,
      connect: () => connect({ host: '127.0.0.1', port }),
      address: 'test',
      maxLineBytes: 1000,
      reconnect: { baseMs: 1000, maxMs: 8000 },
      resumeFrom: () => this.cursors.at(-1) ?? '',
      report: (message) => this.reports.push(message),
      store: (block, cursor) => this.store(block, cursor),
      ...options,
    })
  }

  /** Waits for real I/O; the clock stands still or, with `tick`, goes on by that many milliseconds a look. */
  async until(condition: () => boolean, tick = 0): Promise<void> {
    await vi.waitFor(
      async () => {
        await this.clock.advance(tick)
        if (!condition()) throw new Error(`not yet: ${JSON.stringify(this.reports)} ${this.stored.join()}`)
      },
      { timeout: 5000, interval: 2 },
    )
  }

  async close(): Promise<void> {
    await this.client.stop()
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
  }
}

let pair: Pair | undefined
afterEach(async () => {
  await pair?.close()
  pair = undefined
})

describe('FeedClient', () => {
  test('asks to resume, stores whole lines however they are cut, with the cursor of the last one', async () => {
    pair = await Pair.open()
    pair.client.start()
    await pair.until(() => pair?.asked[0] === '{"resume":""}\n')
    const bytes = Buffer.from([1, 2, 3].map((n) => encodePost(post(n), `l:${n}`)).join('') + '{"id":"4"')
    for (const byte of bytes) pair.sockets[0]?.write(Buffer.from([byte]))
    await pair.until(() => pair?.stored.join() === '1,2,3', 10)
    expect(pair.cursors.at(-1)).toBe('l:3')
    expect(pair.reports).toEqual([])
  })

  test('comes back with a growing pause, says so each time, and resumes after the last stored post', async () => {
    pair = await Pair.open()
    pair.client.start()
    await pair.until(() => pair?.asked.length === 1)
    pair.sockets[0]?.end(encodePost(post(1), 'l:1') + '{"id":"2","ho')
    await pair.until(() => pair?.reports.length === 2)
    expect(pair.reports).toEqual([
      'The feed ended in the middle of a line, which is left out: "{"id":"2","ho"',
      'The feed at test closed the connection. Trying again in 0.5 s (attempt 1).',
    ])
    await pair.clock.advance(499)
    expect(pair.sockets).toHaveLength(1)
    await pair.clock.advance(1)
    await pair.until(() => pair?.asked.length === 2)
    expect(pair.asked[1]).toBe('{"resume":"l:1"}\n')
    for (const pause of ['1.0 s (attempt 2)', '2.0 s (attempt 3)', '4.0 s (attempt 4)', '4.0 s (attempt 5)']) {
      pair.sockets.at(-1)?.destroy()
      await pair.until(() => pair?.reports.at(-1)?.includes(pause) ?? false)
      const connections = pair.sockets.length
      await pair.until(() => (pair?.asked.length ?? 0) > connections, 1000)
    }
  })

  test('a last line without line end is taken when it is a whole post', async () => {
    pair = await Pair.open()
    pair.client.start()
    await pair.until(() => pair?.asked.length === 1)
    pair.sockets[0]?.end(encodePost(post(1), 'l:1').trimEnd())
    await pair.until(() => pair?.stored.join() === '1')
  })

  test('reports a gap and goes on', async () => {
    pair = await Pair.open({ resumeFrom: () => 'old:9' })
    pair.client.start()
    await pair.until(() => pair?.asked.length === 1)
    pair.sockets[0]?.write(
      encodeGap({ asked: 'old:9', from: 'l:4', reason: 'another log' }) + encodePost(post(5), 'l:5'),
    )
    await pair.until(() => pair?.stored.join() === '5', 10)
    expect(pair.reports).toEqual([expect.stringContaining('Posts are missing')])
  })

  test('a server that knows no cursors is understood after a second', async () => {
    pair = await Pair.open()
    pair.client.start()
    await pair.until(() => pair?.asked.length === 1)
    pair.sockets[0]?.write(encodePost(post(1)) + 'no json\n' + encodePost(post(2)))
    await pair.until(() => pair?.stored.join() === '1,2', 10)
    expect(pair.clock.now()).toBeGreaterThanOrEqual(1000)
    expect(pair.reports).toEqual(['bad no json'])
    expect(pair.cursors).toEqual([undefined])
  })

  test('lines that came before the answer are dropped when the connection ends: they will come again', async () => {
    pair = await Pair.open({ resumeFrom: () => 'l:0' })
    pair.client.start()
    await pair.until(() => pair?.asked.length === 1)
    pair.sockets[0]?.end(encodePost(post(1)))
    await pair.until(() => pair?.asked.length === 2, 1000)
    pair.sockets[1]?.write(encodePost(post(1), 'l:1'))
    await pair.until(() => pair?.stored.length === 1, 10)
    expect(pair.cursors).toEqual(['l:1'])
  })

  test('a line that is too long is left out with a report', async () => {
    pair = await Pair.open({ resumeFrom: () => undefined })
    pair.client.start()
    await pair.until(() => pair?.sockets.length === 1)
    pair.sockets[0]?.write(encodePost(post(1)) + `${'x'.repeat(5000)}\n` + encodePost(post(2)))
    await pair.until(() => pair?.stored.join() === '1,2', 10)
    expect(pair.asked).toEqual([])
    expect(pair.reports).toEqual([expect.stringContaining('longer than 1000 bytes')])
  })

  test('while a block is not durable the socket is paused, and what is held is bounded', async () => {
    pair = await Pair.open()
    let release: () => void = () => {}
    const first = new Promise<void>((resolve) => (release = resolve))
    const store = pair.store
    pair.store = async (block, cursor) => {
      await first
      await store(block, cursor)
    }
    pair.client.start()
    await pair.until(() => pair?.asked.length === 1)
    const socket = pair.sockets[0] as Socket
    const lines = Array.from({ length: 100 }, (_, i) =>
      encodePost({ ...post(i), message: 'x'.repeat(900) }, `l:${i}`),
    ).join('')
    let sent = 0
    // Far more than the client's bound plus what the kernel holds for both sides.
    for (; sent < 500; sent++) socket.write(lines)
    await pair.until(() => socket.writableLength > 0 && socket.bytesWritten > 4e6, 60)
    await pair.until(() => socket.writableLength > 1e7)
    release()
    await pair.until(() => pair?.stored.length === 50_000, 60)
    expect(pair.reports.filter((r) => !r.startsWith('bad'))).toEqual([])
  })

  test('a block that cannot be stored ends the connection, and is asked for again', async () => {
    pair = await Pair.open()
    const store = pair.store
    let broken = true
    pair.store = (block, cursor) => (broken ? Promise.reject(new Error('disk full')) : store(block, cursor))
    pair.client.start()
    await pair.until(() => pair?.asked.length === 1)
    pair.sockets[0]?.write(encodePost(post(1), 'l:1'))
    await pair.until(() => pair?.reports.length === 1, 10)
    expect(pair.reports[0]).toContain('could not be stored: Error: disk full')
    broken = false
    await pair.until(() => pair?.asked.length === 2, 100)
    pair.sockets[1]?.write(encodePost(post(1), 'l:1'))
    await pair.until(() => pair?.stored.join() === '1', 10)
  })

  test('a feed that is not there is tried again, and stop ends the trying', async () => {
    pair = await Pair.open()
    pair.server.close()
    pair.client.start()
    await pair.until(() => pair?.reports[0]?.includes('failed: connect ECONNREFUSED') ?? false)
    await pair.until(() => (pair?.reports.length ?? 0) >= 3, 1000)
    await pair.client.stop()
    const { length } = pair.reports
    await pair.clock.advance(60_000)
    expect(pair.reports).toHaveLength(length)
  })
})
