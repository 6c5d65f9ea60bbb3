import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Seconds } from 'dstream'
import { eventSource, type EventSourceOptions } from 'dstream/http'
import { TestContext } from 'dstream/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { BreakingWay } from '../../../test/breaking-way.js'

interface Connection {
  readonly headers: IncomingHttpHeaders
  readonly response: ServerResponse
}

/** A server of events whose connections a test answers by hand. */
async function server(answer: (connection: Connection, number: number) => void) {
  const connections: Connection[] = []
  const http = createServer(({ headers }, response) => {
    const connection = { headers, response }
    connections.push(connection)
    answer(connection, connections.length)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  onTestFinished(() => void (http.closeAllConnections(), http.close()))
  const { port } = http.address() as AddressInfo
  return { connections, port, url: `http://127.0.0.1:${port}/events?token=secret` }
}
function begin({ response }: Connection, text = ''): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  response.write(text)
}
/** Events of numbers, from behind the one that the client has seen last. */
function counting(until: number) {
  return ({ headers, response }: Connection): void => {
    const last = Number(headers['last-event-id'] ?? 0)
    const ids = Array.from({ length: until - last }, (_, i) => last + i + 1)
    begin({ headers, response }, ids.map((id) => `id: ${id}\ndata: ${id}\n\n`).join(''))
  }
}

function jobOf(url: string, options?: EventSourceOptions) {
  return (t: TestContext) => t.output(t.ssc.receiverStream(eventSource(url, options)))
}
function job(url: string, options?: EventSourceOptions) {
  const t = new TestContext({ batchInterval: Seconds(1) })
  onTestFinished(() => t.ssc.stop())
  return { t, out: jobOf(url, options)(t) }
}
const errorsOf = (t: TestContext): string =>
  JSON.stringify(t.events.filter(({ type }) => type === 'receiverError' || type === 'receiverStopped'))

test('the events of a stream, in all their forms, in whatever pieces they come', async () => {
  const text =
    ': hello\n\ndata: a\n\nevent: add\r\nid: 7\r\ndata: b\r\ndata: é\r\n\r\ndata:c\nunknown: x\n\ndata: not ended\n'
  const bytes = Buffer.from(text)
  const { url } = await server((connection) => {
    begin(connection)
    for (const byte of bytes) connection.response.write(Buffer.of(byte))
  })
  const { t, out } = job(url)
  await t.ssc.start()
  await t.until(() => t.ssc.inputs.all[0]!.supervisor!.buffer.buffered.records === 3)
  await t.run(1)
  expect(out.batches).toEqual([
    [
      { event: 'message', data: 'a', id: '' },
      { event: 'add', data: 'b\né', id: '7' },
      { event: 'message', data: 'c', id: '7' },
    ],
  ])
})

test('a connection that ends is made again from the last event on, after the pause that the server sets', async () => {
  const source = await server((connection, number) => {
    if (number === 1) {
      begin(connection, 'retry: 10\n\nid: 1\ndata: 1\n\nid: 2\ndata: 2\n\n')
      connection.response.end()
    } else counting(3)(connection)
  })
  const { t, out } = job(source.url)
  await t.ssc.start()
  await t.until(() => errorsOf(t).includes('has ended the connection'))
  expect(errorsOf(t)).toContain('with delay 10ms')
  await t.run(1)
  await t.until(() => source.connections.length === 2)
  await t.until(() => t.ssc.inputs.all[0]!.supervisor!.buffer.position === '3')
  await t.run(1)
  expect(out.batches.flat().map(({ data }) => data)).toEqual(['1', '2', '3'])
  expect(source.connections.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2'])
})

test('a restart of the program goes on behind the last event that it has stored', async () => {
  const source = await server(counting(2))
  const define = jobOf(source.url)
  const t = new TestContext({ batchInterval: Seconds(1) })
  const first = define(t)
  await t.ssc.start()
  await t.until(() => t.ssc.inputs.all[0]!.supervisor!.buffer.position === '2')
  await t.run(1)
  const next = await t.crashAndRecover(define)
  await next.ssc.start()
  await next.until(() => source.connections.length === 2)
  await next.stop()
  expect(first.batches.flat().map(({ data }) => data)).toEqual(['1', '2'])
  expect([source.connections[1]!.headers['last-event-id'], next.defined.batches.flat()]).toEqual(['2', []])
})

test('a first start may begin behind an event, and headers are sent', async () => {
  const source = await server(counting(5))
  const { t } = job(source.url, { lastEventId: '4', headers: { authorization: 'Bearer x' } })
  await t.ssc.start()
  await t.until(() => source.connections.length === 1)
  expect(source.connections[0]!.headers).toMatchObject({
    'last-event-id': '4',
    authorization: 'Bearer x',
    accept: 'text/event-stream',
  })
})

test.each<[what: string, answer: (connection: Connection) => void, said: RegExp]>([
  ['an error', ({ response }) => void response.writeHead(500).end(), /answers with 500/],
  [
    'a page',
    ({ response }) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    /sends text\/html and not text\/event-stream/,
  ],
])('%s is reported and tried again', async (_, answer, said) => {
  const source = await server((connection, number) => (number === 1 ? answer(connection) : counting(1)(connection)))
  const { t, out } = job(source.url)
  await t.ssc.start()
  await t.until(() => said.test(errorsOf(t)))
  expect(errorsOf(t)).not.toContain('secret')
  await t.advance(Seconds(3))
  await t.until(() => t.ssc.inputs.all[0]!.supervisor!.buffer.position === '1')
  await t.run(1)
  expect(out.batches.flat().map(({ data }) => data)).toEqual(['1'])
})

test('a server that is away is tried again', async () => {
  const { t } = job('http://127.0.0.1:1/events')
  await t.ssc.start()
  await t.until(() => /bad port|ECONNREFUSED/.test(errorsOf(t)))
})

test('204 ends the stream for good', async () => {
  const source = await server(({ response }) => void response.writeHead(204).end())
  const { t } = job(source.url)
  await t.ssc.start()
  await t.until(() => errorsOf(t).includes('Receiver has ended'))
  await t.advance(Seconds(60))
  expect(source.connections).toHaveLength(1)
})

test('a half-open connection is made again when nothing has come for too long', async () => {
  const source = await server(counting(3))
  const way = await BreakingWay.to(source.port)
  onTestFinished(() => way.close())
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { t, out } = job(source.url.replace(String(source.port), String(way.port)), { idleTimeout: Seconds(60) })
  await t.ssc.start()
  await t.until(() => t.ssc.inputs.all[0]!.supervisor!.buffer.position === '3')
  way.stall()
  vi.advanceTimersByTime(59_000)
  expect(errorsOf(t)).not.toContain('nothing has come from')
  vi.advanceTimersByTime(1000)
  await t.until(() => errorsOf(t).includes('nothing has come from'))
  await t.advance(Seconds(3))
  await t.until(() => source.connections.length === 2)
  expect(source.connections[1]!.headers['last-event-id']).toBe('3')
  expect(out.batches.flat().map(({ data }) => data)).toEqual(['1', '2', '3'])
})

test('a full buffer holds the stream back', async () => {
  const source = await server(counting(10))
  const t = new TestContext({ batchInterval: Seconds(1), maxBufferedRecords: 2 })
  onTestFinished(() => t.ssc.stop())
  const out = jobOf(source.url)(t)
  await t.ssc.start()
  for (let i = 0; i < 20 && out.batches.flat().length < 10; i++) {
    await t.until(() => t.ssc.inputs.all[0]!.supervisor!.buffer.buffered.records > 0)
    await t.run(1)
  }
  expect(out.batches.flat().map(({ data }) => data)).toEqual(Array.from({ length: 10 }, (_, i) => String(i + 1)))
  expect(Math.max(...out.batches.map((batch) => batch.length))).toBeLessThanOrEqual(3)
})

test.each<[string, unknown, unknown, string]>([
  ['no URL', 'events', {}, 'bad-option'],
  ['another protocol', 'ws://x', {}, 'bad-option'],
  ['headers that are none', 'http://x', { headers: { 'a b': '1' } }, 'bad-option'],
  ['an id with a line end', 'http://x', { lastEventId: 'a\nb' }, 'bad-option'],
  ['a bare number for a time', 'http://x', { idleTimeout: 5 }, 'not-a-duration'],
  ['an unknown option', 'http://x', { lastId: '1' }, 'unknown-option'],
])('refused at once: %s', (_, url, options, wanted) => {
  expect(() => eventSource(url as string, options as never)).toThrow(expect.objectContaining({ code: wanted }))
})
