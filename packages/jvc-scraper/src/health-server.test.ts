import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { until } from '../test/test-chain.js'
import { HealthServer, type HealthServerOptions } from './health-server.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function open(options: HealthServerOptions = {}): Promise<HealthServer> {
  const server = await HealthServer.listen(0, () => ({ ok: true }), options)
  closers.push(() => server.close())
  return server
}

/** Sends a part of a request and no more. */
function send({ port }: HealthServer, text: string): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  closers.push(() => socket.destroy())
  socket.resume().write(text)
  return socket
}

const HOST = 'Host: localhost\r\n'

describe('HealthServer', () => {
  test.each([
    ['nothing', ''],
    ['a part of the first line', 'GET /hea'],
    ['a part of the headers', `GET /health HTTP/1.1\r\n${HOST}X-A: b`],
    ['headers and a part of the body', `POST /health HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\nabc`],
    ['a whole request, and the connection left open', `GET /health HTTP/1.1\r\n${HOST}\r\n`],
  ])('a client that sends %s is closed', async (_, text) => {
    const server = await open({ requestMs: 50 })
    await once(send(server, text), 'close')
    await until(() => server.connections === 0)
  })

  test('half-sent requests in any number hold few descriptors, and a whole one is answered among them', async () => {
    const server = await open({ requestMs: 3_600_000, maxConnections: 8 })
    const sockets = Array.from({ length: 200 }, () => send(server, `GET /health HTTP/1.1\r\n${HOST}`))
    let closed = 0
    for (const socket of sockets) socket.on('close', () => closed++)
    await until(() => closed === 192)
    expect(server.connections).toBe(8)
    const { status } = await fetch(`http://127.0.0.1:${server.port}/health`)
    expect(status).toBe(200)
  })

  test.each([
    ['/health', true, 200, { status: 'ok', ok: true, problems: [] }],
    ['/health/ready?verbose', true, 200, { status: 'ok', ok: true, problems: [] }],
    ['/health', false, 503, { status: 'unavailable', ok: false, problems: ['away'] }],
    ['/health/ready', false, 503, { status: 'unavailable', ok: false, problems: ['away'] }],
    ['/health/live', false, 200, { status: 'ok' }],
    ['/counters', true, 404, { status: 404, message: 'There is /health, /health/ready and /health/live' }],
  ])('%s of a scraper that is ok: %s, answers %i', async (path, ok, status, body) => {
    const server = await HealthServer.listen(0, () => ({ ok, problems: ok ? [] : ['away'] }))
    closers.push(() => server.close())
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`)
    expect([answer.status, await answer.json()]).toEqual([status, body])
  })

  test('another method and another name in Host are refused; HEAD has no body', async () => {
    const server = await open()
    const url = `http://127.0.0.1:${server.port}/health`
    const posted = await fetch(url, { method: 'POST' })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET'])
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const socket = send(server, 'GET /health HTTP/1.1\r\nHost: attacker.example.com\r\n\r\n')
    const [first] = (await once(socket, 'data')) as [Buffer]
    expect(String(first)).toMatch(/^HTTP\/1\.1 421 /)
  })
})
