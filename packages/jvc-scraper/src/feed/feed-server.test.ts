import { setImmediate as nextTurn } from 'node:timers/promises'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Post } from 'jvc-receiver/feed'
import { systemClock } from '../clock.js'
import { Counters } from '../counters.js'
import { silentLogger } from '../logger.js'
import { Client, until } from '../../test/test-chain.js'
import { FeedLog } from './feed-log.js'
import { FeedServer, type FeedServerOptions } from './feed-server.js'
import { MemoryLogStore } from './memory-log-store.js'

function post(id: number, message = 'm'): Post {
  return {
    id: String(id),
    hour: '',
    topic: 't',
    auteur: 'a',
    message,
    stickers: [],
  }
}

function ids(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i))
}

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function open(options: Partial<FeedServerOptions> & { maxBytes?: number } = {}) {
  const log = await FeedLog.open(new MemoryLogStore(), { maxBytes: options.maxBytes })
  const counters = new Counters()
  const server = await FeedServer.listen(log, {
    host: '127.0.0.1',
    port: 0,
    maxClients: 20,
    slowClients: 'drop-oldest',
    stallMs: 60_000,
    clock: systemClock,
    counters,
    logger: silentLogger,
    ...options,
  })
  closers.push(() => server.close())
  let last = 0
  const publish = async (count: number, message?: string): Promise<void> => {
    const posts = Array.from({ length: count }, () => post(++last, message))
    await log.append('1', posts)
  }
  const client = async (resume?: string): Promise<Client> => {
    const before = counters.get('clients')
    const made = new Client(server.port, resume)
    closers.push(() => made.socket.destroy())
    await until(() => counters.get('clients') === before + 1)
    return made
  }
  return { log, counters, server, publish, client }
}

function idsOf({ posts }: Client): string[] {
  return posts.map(({ id }) => id)
}

function raw(port: number): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  closers.push(() => socket.destroy())
  return socket
}

describe('FeedServer', () => {
  test('a client that says nothing, and has even closed its side, gets every post from its connection on', async () => {
    const { publish, client } = await open()
    await publish(5)
    const plain = await client()
    plain.socket.end()
    await publish(5)
    await plain.until(5)
    expect([idsOf(plain), plain.cursors]).toEqual([ids(6, 11), []])
  })

  test('what people type into nc is passed over, however long it is', async () => {
    const { publish, client } = await open()
    const plain = await client()
    plain.socket.write(`hello\n{"resume":{}}\n${'x'.repeat(200_000)}\n\n`)
    await publish(3)
    await plain.until(3)
    expect(idsOf(plain)).toEqual(ids(1, 4))
  })

  test.each([
    ['valid, in one write', (log: FeedLog) => `{"resume":"${log.id}:3"}\n`, 1],
    ['unknown, in one write', () => '{"resume":"x:1"}\n', 1],
    ['unknown, in many writes', () => '{"resume":"x:1"}\n', 400],
  ])(
    'a client that repeats its resume line (%s) is answered once and closed; others are served',
    async (_, line, writes) => {
      const { log, publish, client, server, counters } = await open()
      await publish(50, 'x'.repeat(5000))
      const good = await client('')
      const greedy = raw(server.port)
      const closed = new Promise((resolve) => greedy.once('close', resolve))
      let received = ''
      greedy.on('data', (chunk) => (received += String(chunk)))
      const copies = line(log).repeat(200_000 / writes)
      for (let i = 0; i < writes; i++) greedy.write(copies)
      await good.until(50)
      await closed
      expect(counters.get('resumes')).toBe(2)
      expect(received.split('{"gap"').length - 1).toBeLessThanOrEqual(1)
      expect(counters.get('clientsDropped')).toBe(1)
      await publish(1)
      await good.until(51)
    },
  )

  test('a client that repeats its resume line and reads nothing is closed', async () => {
    const { publish, server, counters } = await open()
    await publish(6000, 'x'.repeat(5000))
    const greedy = raw(server.port)
    greedy.pause()
    greedy.write('{"resume":""}\n'.repeat(50_000))
    await until(() => counters.get('clientsDropped') === 1)
    await until(() => server.clients().length === 0)
    expect(counters.get('resumes')).toBe(1)
    // The buffers of the two sockets hold a few MiB of the 30 MB in the log.
    expect(counters.get('linesSent')).toBeLessThan(6000)
  })

  test('input after the first 64 KiB is discarded unread', async () => {
    const { publish, client, counters } = await open()
    const plain = await client()
    plain.socket.write('{"a":1}\n'.repeat(100_000))
    plain.socket.write('{"resume":""}\n')
    await publish(3)
    await plain.until(3)
    await until(() => plain.socket.writableLength === 0)
    await publish(1)
    await plain.until(4)
    expect([idsOf(plain), counters.get('resumes')]).toEqual([ids(1, 5), 0])
  })

  test('a resume line may come at any time; a cursor that the log has forgotten is answered with a gap', async () => {
    const { log, publish, client, counters } = await open({ maxBytes: 2000 })
    await publish(10)
    const all = await client('')
    await all.until(10)
    expect(all.cursors).toEqual(ids(0, 10).map((seq) => `${log.id}:${seq}`))
    const late = await client(`${log.id}:4`)
    await late.until(5)
    expect([idsOf(late), late.gaps]).toEqual([ids(6, 11), []])
    for (let i = 0; i < 20; i++) await publish(10)
    const lost = await client(`${log.id}:4`)
    await lost.until(log.next - log.oldest)
    expect(lost.gaps).toEqual([
      { asked: `${log.id}:4`, from: `${log.id}:${log.oldest - 1}`, reason: 'the log begins later' },
    ])
    expect(idsOf(lost)).toEqual(ids(log.oldest + 1, 211))
    expect(counters.get('resumeGaps')).toBe(1)
  })

  test('one that reads nothing and one that reads slowly hold up neither ten others nor the log', async () => {
    const { log, publish, client, server } = await open()
    const stalled = raw(server.port)
    stalled.pause()
    await until(() => server.clients().length === 1)
    const slow = await client()
    const good: Client[] = []
    while (good.length < 10) good.push(await client())
    slow.socket.pause()
    const trickle = setInterval(() => {
      slow.socket.resume()
      setImmediate(() => slow.socket.pause())
    }, 5)
    closers.push(() => clearInterval(trickle))
    const begun = Date.now()
    for (let i = 0; i < 20; i++) await publish(100, 'x'.repeat(8000))
    await Promise.all(good.map((client) => client.until(2000)))
    expect(Date.now() - begun).toBeLessThan(10_000)
    for (const client of good) expect(idsOf(client)).toEqual(ids(1, 2001))
    // What the stalled one has not taken waits in the log they share, not in memory of its own.
    expect(Math.max(...server.clients().map(({ lag }) => lag))).toBeGreaterThan(1000)
    expect(log.next).toBe(2000)
  }, 30_000)

  test('a client without cursors that falls behind the whole log misses what is forgotten, and it is counted', async () => {
    const { publish, client, counters } = await open({ maxBytes: 1_000_000 })
    const slow = await client()
    slow.socket.pause()
    for (let i = 0; i < 60; i++) await publish(20, 'x'.repeat(10_000))
    slow.socket.resume()
    await until(() => idsOf(slow).at(-1) === '1200')
    expect(counters.get('linesDropped')).toBeGreaterThan(0)
    expect(slow.posts.length + counters.get('linesDropped')).toBe(1200)
    expect(idsOf(slow)).toEqual([...idsOf(slow)].sort((a, b) => Number(a) - Number(b)))
  })

  test('one with a cursor is closed instead, comes back, and is told', async () => {
    const { log, publish, client, server, counters } = await open({ maxBytes: 1_000_000 })
    const slow = await client('')
    slow.socket.pause()
    // The buffers of the system take some megabytes before the server has to keep any.
    let published = 0
    for (; log.next - server.clients()[0]!.lag >= log.oldest; published += 20) {
      await publish(20, 'x'.repeat(10_000))
      await nextTurn()
    }
    const closed = once(slow.socket, 'close')
    slow.socket.resume()
    await closed
    expect(counters.get('clientsDropped')).toBe(1)
    const again = await client(slow.cursors.at(-1))
    await until(() => idsOf(again).at(-1) === String(published))
    expect(again.gaps).toHaveLength(1)
  })

  test('one that takes nothing for too long is closed', async () => {
    const { publish, server, counters } = await open({ stallMs: 100 })
    const stalled = raw(server.port)
    stalled.pause()
    await until(() => server.clients().length === 1)
    for (let i = 0; i < 30; i++) await publish(50, 'x'.repeat(10_000))
    await until(() => counters.get('clientsDropped') === 1)
    await until(() => server.clients().length === 0)
  })

  test('more clients than allowed are refused, and there is room again when one leaves', async () => {
    const { client, server, counters } = await open({ maxClients: 1 })
    const first = await client()
    await once(raw(server.port), 'close')
    expect(counters.get('clientsRefused')).toBe(1)
    // It has only closed its side, as far as the server can tell, and makes room when somebody else comes.
    first.socket.destroy()
    await until(() => {
      raw(server.port)
      return counters.get('clients') === 2
    })
  })

  test('clients that leave while posts are sent cost those that stay nothing', async () => {
    const { publish, client } = await open()
    const clients: Client[] = []
    while (clients.length < 9) clients.push(await client(''))
    for (let i = 0; i < 9; i++) {
      if (i % 2 === 0) clients[i]?.socket.destroy()
      await publish(10)
    }
    for (const stays of clients.filter((_, i) => i % 2 === 1)) {
      await stays.until(90)
      expect(idsOf(stays)).toEqual(ids(1, 91))
    }
  })

  test('a receiver that has left is noticed at once', async () => {
    const { client, server } = await open()
    const receiver = await client('')
    await until(() => receiver.socket.bytesWritten > 0)
    receiver.socket.destroy()
    await until(() => server.clients().length === 0)
  })

  test('closing sends what is in the log first', async () => {
    const { publish, client, server, counters } = await open()
    const plain = await client('')
    await until(() => counters.get('resumes') === 1)
    await publish(500)
    const ended = once(plain.socket, 'end')
    await server.close()
    await ended
    expect(idsOf(plain)).toEqual(ids(1, 501))
  })

  test('a port in use is said with how to choose another', async () => {
    const { server } = await open()
    await expect(open({ port: server.port })).rejects.toMatchObject({
      code: 'port-in-use',
      message: expect.stringMatching(new RegExp(`Port ${server.port} .* is in use. Choose another with --port`)),
    })
  })
})
