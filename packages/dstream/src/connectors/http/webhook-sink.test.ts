import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Milliseconds, RDDContext, Seconds, Time, type SinkBatch } from 'dstream'
import { webhookSink, type WebhookSinkOptions } from 'dstream/http'
import { sinkContract, TestContext } from 'dstream/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BreakingWay, type Cut } from '../../../test/breaking-way.js'

const sc = new RDDContext()

interface Request {
  readonly key: string
  readonly headers: IncomingMessage['headers']
  readonly method: string | undefined
  readonly body: string
}
type Answer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string } | 'none'

/** A server that takes a request once for each key, and answers as it is told. */
class Hook {
  readonly requests: Request[] = []
  readonly taken = new Map<string, unknown[]>()
  answers: Answer[] = []
  #server: Server | undefined
  #port = 0

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      void (async () => {
        const pieces: Buffer[] = []
        try {
          for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece)
        } catch {
          return
        }
        const body = Buffer.concat(pieces).toString()
        const { headers, method } = request
        const key = String(headers['idempotency-key'])
        this.requests.push({ key, headers, method, body })
        const answer = this.answers.shift() ?? { status: 200 }
        if (answer === 'none') return
        if (answer.status === 200 && !this.taken.has(key)) this.taken.set(key, JSON.parse(body) as unknown[])
        response.writeHead(answer.status, answer.headers).end(answer.body)
      })()
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`
  }
  get port(): number {
    return this.#port
  }

  async stop(): Promise<void> {
    const server = this.#server!
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
}

async function hook(): Promise<Hook> {
  const server = await new Hook().start()
  onTestFinished(() => server.stop())
  return server
}

function batch<T>(time: number, ...records: T[]): SinkBatch<T> {
  const { signal } = new AbortController()
  return { time: new Time(time), rdd: sc.parallelize(records), attempt: 1, replayed: false, signal }
}
const HOST = { job: 'j', output: 'o#1', wrapStorage: <S>(storage: S) => storage }
async function opened<T>(options: WebhookSinkOptions<T>) {
  const sink = webhookSink<T>(options)
  await sink.open!(HOST)
  return sink
}

describe('sinkContract, on a server that knows idempotency keys', () => {
  const rules = sinkContract(async () => {
    const server = await new Hook().start()
    return {
      sink: () => webhookSink<number>({ url: server.url }),
      record: (n) => n,
      read: () => Promise.resolve([...server.taken.values()].flat() as number[]),
      takeAway: async () => {
        await server.stop()
        return async () => void (await server.start())
      },
      close: () => server.stop(),
    }
  })
  // A server is not asked what it holds: the key tells it.
  const kept = rules.filter(({ name }) => !name.startsWith('lastCommitted'))
  expect(kept).toHaveLength(rules.length - 1)
  test.each(kept.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run())
})

test('a batch is one request with its key, and a batch without records is none', async () => {
  const server = await hook()
  const sink = await opened<number>({ url: server.url, headers: { Authorization: 'Bearer x' } })
  await sink.write(batch(1000, 1, 2))
  await sink.write(batch<number>(2000))
  expect(server.requests).toMatchObject([
    {
      key: 'j/o#1/1000/0',
      method: 'POST',
      body: '[1,2]',
      headers: { 'content-type': 'application/json', authorization: 'Bearer x' },
    },
  ])
})

test('method, body and content type are what the options say', async () => {
  const server = await hook()
  const encode = (records: readonly number[], time: Time): string => JSON.stringify({ records, at: time.milliseconds })
  const contentType = 'application/vnd.counts+json'
  const sink = await opened({ url: server.url, method: 'PUT', encode, contentType, sendEmpty: true })
  await sink.write(batch(1000, 1))
  await sink.write(batch<number>(2000))
  expect(server.requests.map(({ body }) => body)).toEqual(['{"records":[1],"at":1000}', '{"records":[],"at":2000}'])
  expect(server.requests[0]).toMatchObject({ method: 'PUT', headers: { 'content-type': contentType } })
})

test('a large batch is several requests, and those that were accepted are not sent again', async () => {
  const server = await hook()
  const sink = await opened<number>({ url: server.url, maxRecords: 2 })
  server.answers = [{ status: 200 }, { status: 503 }]
  await expect(sink.write(batch(1000, 1, 2, 3, 4, 5))).rejects.toMatchObject({ code: 'webhook-away' })
  await sink.write(batch(1000, 1, 2, 3, 4, 5))
  expect(server.requests.map(({ key, body }) => [key.split('/').at(-1), body])).toEqual([
    ['0', '[1,2]'],
    ['1', '[3,4]'],
    ['1', '[3,4]'],
    ['2', '[5]'],
  ])
})

describe('an answer', () => {
  test.each([408, 425, 429, 500, 502, 503, 504])('of %i passes by itself', async (status) => {
    const server = await hook()
    const sink = await opened<number>({ url: server.url })
    server.answers = [{ status }]
    const error: unknown = await sink.write(batch(1000, 1)).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'webhook-away', message: expect.stringContaining(`answers with ${status}`) })
    expect(sink.isTransient!(error)).toBe(true)
  })

  test.each<[number, Answer, RegExp]>([
    [400, { status: 400, body: 'no such\norder' }, /\/hook refuses with 400: "no such\\norder"$/],
    [401, { status: 401 }, /refuses with 401$/],
    [302, { status: 302, headers: { location: '/login' } }, /refuses with 302\. Give the address/],
  ])('of %i fails the attempt, in words', async (_, answer, said) => {
    const server = await hook()
    const sink = await opened<number>({ url: `${server.url}?token=secret` })
    server.answers = [answer]
    const error: unknown = await sink.write(batch(1000, 1)).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'webhook-refused', message: expect.stringMatching(said) })
    expect([sink.isTransient!(error), String(error)]).toEqual([false, expect.not.stringContaining('secret')])
  })

  test('with a time to wait is heeded, up to the abort of the attempt', async () => {
    const server = await hook()
    const sink = await opened<number>({ url: server.url })
    server.answers = [{ status: 429, headers: { 'retry-after': '3600' } }]
    await sink.write(batch(1000, 1)).catch(() => undefined)
    const controller = new AbortController()
    const waiting = sink.write({ ...batch(1000, 1), signal: controller.signal })
    controller.abort(new Error('the job stops'))
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    expect(server.requests).toHaveLength(1)
  })

  test('that does not come ends in time', async () => {
    const server = await hook()
    const sink = await opened<number>({ url: server.url, timeout: Milliseconds(50) })
    server.answers = ['none']
    await expect(sink.write(batch(1000, 1))).rejects.toMatchObject({
      code: 'webhook-away',
      message: expect.stringContaining('has not answered within 50 ms'),
    })
    await sink.write(batch(1000, 1))
    expect([...server.taken.values()]).toEqual([[1]])
  })
})

test.each<Cut['way']>(['request', 'reply'])(
  'a connection that breaks at any %s: each batch counts once',
  async (lost) => {
    const server = await hook()
    const way = await BreakingWay.to(server.port)
    onTestFinished(() => way.close())
    for (const half of [false, true]) {
      for (const piece of [0, 1]) {
        server.taken.clear()
        Object.assign(way.pieces, { request: 0, reply: 0 })
        way.cut = { way: lost, piece, half }
        const t = new TestContext({ batchInterval: Seconds(1) })
        t.input([[1], [2], [3]]).to(webhookSink({ url: server.url.replace(String(server.port), String(way.port)) }))
        await t.run()
        await t.run(2)
        await t.stop()
        expect([...server.taken.values()], JSON.stringify({ piece, half })).toEqual([[1], [2], [3]])
      }
    }
  },
)

test('a sink that was not opened, and options that cannot be', async () => {
  await expect(webhookSink({ url: 'http://127.0.0.1:1' }).write(batch(1000, 1))).rejects.toMatchObject({
    code: 'sink-not-open',
  })
  const good = { url: 'http://127.0.0.1:1' }
  for (const options of [
    undefined,
    { url: 'ftp://x' },
    { url: 'x' },
    { ...good, method: 'GET' },
    { ...good, headers: { 'a b': '' } },
    { ...good, maxRecords: 0 },
    { ...good, encode: 1 },
  ]) {
    expect(() => webhookSink(options as never)).toThrow(expect.objectContaining({ code: 'bad-option' }))
  }
})
