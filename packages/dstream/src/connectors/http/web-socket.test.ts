import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Seconds } from 'dstream'
import { webSocket, type WebSocketOptions } from 'dstream/http'
import { TestContext } from 'dstream/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { BreakingWay } from '../../../test/breaking-way.js'

async function server(onConnection: (socket: WebSocket, number: number) => void) {
  const ws = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(ws, 'listening')
  let number = 0
  ws.on('connection', (socket) => onConnection(socket, ++number))
  onTestFinished(() => {
    for (const client of ws.clients) client.terminate()
    ws.close()
  })
  const { port } = ws.address() as AddressInfo
  return { port, url: `ws://127.0.0.1:${port}/trades?token=secret`, connections: () => number }
}

function jobOf<T>(url: string, options?: WebSocketOptions<T>) {
  return (t: TestContext) => t.output(t.ssc.receiverStream(webSocket<T>(url, options)))
}
function job<T>(url: string, options?: WebSocketOptions<T>, context: object = {}) {
  const t = new TestContext({ batchInterval: Seconds(1), ...context })
  onTestFinished(() => t.ssc.stop())
  return { t, out: jobOf(url, options)(t) }
}
const buffered = (t: TestContext): number => t.ssc.inputs.all[0]!.supervisor!.buffer.buffered.records
const errorsOf = (t: TestContext): string =>
  JSON.stringify(t.events.filter(({ type }) => type === 'receiverError' || type === 'receiverStopped'))

const classes: [string, WebSocketOptions<never>['WebSocket']][] = [
  ['by default', undefined],
  ['of ws', WebSocket as unknown as NonNullable<WebSocketOptions<never>['WebSocket']>],
]
test.each(classes)('texts and bytes are records, with the WebSocket %s', async (_, given) => {
  const { url } = await server((socket) => {
    socket.send('é')
    socket.send(Uint8Array.of(1, 2))
  })
  const { t, out } = job(url, given === undefined ? {} : { WebSocket: given })
  await t.ssc.start()
  await t.until(() => buffered(t) === 2)
  await t.run(1)
  expect(out.batches).toEqual([['é', Uint8Array.of(1, 2)]])
})

/** A protocol with positions: the client says behind which number it wants to go on. */
const numbered: WebSocketOptions<number> = {
  decode: Number,
  position: (n) => n,
  onOpen: (send, position) => send(String(position ?? 0)),
}
function counting(until: number) {
  return (socket: WebSocket): void => {
    socket.on('message', (data: Buffer) => {
      for (let n = Number(data.toString()) + 1; n <= until; n++) socket.send(String(n))
    })
  }
}

test('a connection that ends is made again from the position of the last message on', async () => {
  const source = await server((socket, number) => {
    counting(number * 2)(socket)
    if (number === 1) socket.on('message', () => socket.close(1001, 'restart'))
  })
  const { t, out } = job(source.url, numbered)
  await t.ssc.start()
  await t.until(() => errorsOf(t).includes('has closed the connection with 1001 (restart)'))
  expect(errorsOf(t)).not.toContain('secret')
  await t.advance(Seconds(3))
  await t.until(() => t.ssc.inputs.all[0]!.supervisor!.buffer.position === 4)
  await t.run(1)
  expect(out.batches.flat()).toEqual([1, 2, 3, 4])
})

test('a restart of the program goes on behind the last message that it has stored', async () => {
  const source = await server((socket, number) => counting(number * 2)(socket))
  const define = jobOf(source.url, numbered)
  const t = new TestContext({ batchInterval: Seconds(1) })
  const first = define(t)
  await t.ssc.start()
  await t.until(() => buffered(t) === 2)
  await t.run(1)
  const next = await t.crashAndRecover(define)
  await next.ssc.start()
  await next.until(() => buffered(next) === 2)
  await next.run(1)
  await next.stop()
  expect([first.batches.flat(), next.defined.batches.flat()]).toEqual([[1, 2], [3, 4]]) // prettier-ignore
})

test('a message that does not decode is left out and reported', async () => {
  const { url } = await server((socket) => ['1', '{', '2'].forEach((text) => socket.send(text)))
  const { t, out } = job<unknown>(url, { decode: (text) => JSON.parse(String(text)) as unknown })
  await t.ssc.start()
  await t.until(() => buffered(t) === 2)
  await t.run(1)
  expect(out.batches).toEqual([[1, 2]])
  expect(errorsOf(t)).toContain('A message does not decode and is left out')
})

test('a server that is away is tried again, and so is one that refuses', async () => {
  const { t } = job('ws://127.0.0.1:1')
  await t.ssc.start()
  await t.until(() => errorsOf(t).includes('127.0.0.1:1/'))
  expect(errorsOf(t)).toMatch(/webSocket: ws:\/\/127\.0\.0\.1:1\/ (is away|has closed)/)
})

test('a half-open connection is made again when nothing has come for too long', async () => {
  const source = await server(counting(2))
  const way = await BreakingWay.to(source.port)
  onTestFinished(() => way.close())
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const url = source.url.replace(String(source.port), String(way.port))
  const { t, out } = job(url, { ...numbered, idleTimeout: Seconds(60) })
  await t.ssc.start()
  await t.until(() => buffered(t) === 2)
  way.stall()
  vi.advanceTimersByTime(59_000)
  expect(errorsOf(t)).not.toContain('nothing has come from')
  vi.advanceTimersByTime(1000)
  await t.until(() => errorsOf(t).includes('nothing has come from'))
  await t.advance(Seconds(3))
  await t.until(() => source.connections() === 2)
  expect(out.batches.flat()).toEqual([1, 2])
})

test('far more than the buffer takes restarts the receiver, which goes on from its position', async () => {
  const source = await server(counting(20))
  const { t, out } = job(source.url, numbered, { maxBufferedRecords: 2 })
  await t.ssc.start()
  for (let i = 0; i < 30 && out.batches.flat().length < 20; i++) {
    await t.until(() => buffered(t) > 0)
    await t.advance(Seconds(40))
  }
  expect(out.batches.flat()).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  expect(errorsOf(t)).toContain('maxBufferedRecords')
})

test.each<[string, unknown, unknown, string]>([
  ['no URL', 'trades', {}, 'bad-option'],
  ['another protocol', 'ftp://x', {}, 'bad-option'],
  ['a decode that is no function', 'ws://x', { decode: 'json' }, 'bad-option'],
  ['protocols that are none', 'ws://x', { protocols: 7 }, 'bad-option'],
  ['a bare number for a time', 'ws://x', { idleTimeout: 5 }, 'not-a-duration'],
  ['an unknown option', 'ws://x', { onopen: () => {} }, 'unknown-option'],
])('refused at once: %s', (_, url, options, wanted) => {
  expect(() => webSocket(url as string, options as never)).toThrow(expect.objectContaining({ code: wanted }))
})
