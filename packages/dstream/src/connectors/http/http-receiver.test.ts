import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { Seconds, type DStream } from 'dstream'
import { httpReceiver, type HttpReceiver, type HttpReceiverOptions } from 'dstream/http'
import { TestContext, type TestContextOptions } from 'dstream/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { GroupedStore } from './grouped-store.js'
import { SeenKeys } from './seen-keys.js'

const JSON_TYPE = { 'content-type': 'application/json' }

/** A started job with a receiver on a free port, and the records of its batches. */
async function job(options: Partial<HttpReceiverOptions<unknown>> = {}, context: Partial<TestContextOptions> = {}) {
  const receiver = httpReceiver<unknown>({ port: 0, ...options })
  const t = new TestContext({ batchInterval: Seconds(1), ...context })
  onTestFinished(() => t.ssc.stop())
  const out = t.output(t.ssc.receiverStream(receiver))
  await t.ssc.start()
  await t.until(() => receiver.url !== undefined)
  return { t, out, receiver, url: receiver.url! }
}
async function post(url: string, body: string | Uint8Array, headers: Record<string, string> = JSON_TYPE) {
  const response = await fetch(url, { method: 'POST', body: body as string, headers })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  }
}

describe('what is sent is what a batch has', () => {
  const csv = { 'content-type': 'text/csv; charset=utf-8' }
  const ndjson = { 'content-type': 'application/x-ndjson' }
  test.each<[string, string | Uint8Array, Record<string, string>, unknown[]]>([
    ['a JSON value', '{"a":1}', JSON_TYPE, [{ a: 1 }]],
    ['a JSON array', '[1,"é",null]', JSON_TYPE, [1, 'é', null]],
    ['an empty array', '[]', JSON_TYPE, []],
    ['another kind of JSON', '{"a":1}', { 'content-type': 'application/cloudevents+json' }, [{ a: 1 }]],
    ['lines of JSON', '{"a":1}\n\n2\r\n', ndjson, [{ a: 1 }, 2]],
    ['CSV', '\ufeffa,b\n1,"x\n""y"""\n', csv, [{ a: '1', b: 'x\n"y"' }]],
    ['gzip', gzipSync('[1]'), { ...JSON_TYPE, 'content-encoding': 'gzip' }, [1]],
    ['deflate', deflateSync('[1]'), { ...JSON_TYPE, 'content-encoding': 'deflate' }, [1]],
    ['brotli', brotliCompressSync('[1]'), { ...JSON_TYPE, 'content-encoding': 'br' }, [1]],
  ])('%s', async (_, body, headers, records) => {
    const { t, out, url } = await job()
    expect(await post(url, body, headers)).toMatchObject({ status: 202, body: { records: records.length } })
    await t.run(1)
    expect(out.batches).toEqual([records])
  })

  test('a function of the body and the request', async () => {
    const decode: HttpReceiverOptions<unknown>['decode'] = (body, { headers }) => [body.length, headers['x-from']]
    const { t, out, url } = await job({ decode })
    await post(url, 'abc', { 'x-from': 'me' })
    await t.run(1)
    expect(out.batches).toEqual([[3, 'me']])
  })
})

describe('refused with a reason', () => {
  const bomb = gzipSync('['.padEnd(10_000_000))
  const throws: HttpReceiverOptions<unknown>['decode'] = () => {
    throw new Error('no such order')
  }
  test.each<[string, number, RegExp, Partial<HttpReceiverOptions<unknown>>, RequestInit & { path?: string }]>([
    ['no JSON', 400, /^The body is no JSON: /, {}, { body: '{' }],
    [
      'a line that is no JSON',
      400,
      /^Line 3 is no JSON: /,
      {},
      { body: '1\n\n{', headers: { 'content-type': 'application/x-ndjson' } },
    ],
    ['no CSV', 400, /^The body is no CSV: .*\.$/, {}, { body: 'a\n"', headers: { 'content-type': 'text/csv' } }],
    ['no UTF-8', 400, /no UTF-8/, {}, { body: Uint8Array.of(0x22, 0xff, 0x22) }],
    [
      'no gzip',
      400,
      /no gzip: incorrect header check/,
      {},
      { body: '[1]', headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } },
    ],
    ['a body on which decode throws', 400, /^no such order$/, { decode: throws }, { body: 'x' }],
    [
      'another type',
      415,
      /text\/plain is unknown; send application\/json/,
      {},
      { body: 'x', headers: { 'content-type': 'text/plain' } },
    ],
    [
      'another encoding',
      415,
      /encoding zip is unknown/,
      {},
      { body: 'x', headers: { ...JSON_TYPE, 'content-encoding': 'zip' } },
    ],
    ['a body that is too large', 413, /larger than 10 bytes/, { maxBody: 10 }, { body: '[12345678,9]' }],
    [
      'a body that grows too large',
      413,
      /larger than 1048576 bytes/,
      {},
      { body: bomb, headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } },
    ],
    ['another method', 405, /Send a POST/, {}, { method: 'GET' }],
    ['another path', 404, /Send to \/clicks/, { path: '/clicks' }, { body: '1', path: '/click' }],
    ['no token', 401, /not authorized/, { auth: 'secret' }, { body: '1' }],
    [
      'a wrong token',
      401,
      /not authorized/,
      { auth: 'secret' },
      { body: '1', headers: { ...JSON_TYPE, authorization: 'Bearer secrets' } },
    ],
    [
      'one that a function refuses',
      401,
      /not authorized/,
      { auth: ({ headers }) => Promise.resolve(headers['x-key'] === 'a') },
      { body: '1' },
    ],
  ])('%s', async (_, status, said, options, { path = '', ...init }) => {
    const { t, out, url } = await job(options)
    const response = await fetch(new URL(path || new URL(url).pathname, url), {
      method: 'POST',
      headers: JSON_TYPE,
      ...init,
    })
    expect([response.status, await response.json()]).toEqual([status, { error: expect.stringMatching(said) as string }])
    // The receiver goes on.
    const { path: own = '/', auth, decode } = options
    const headers = {
      ...JSON_TYPE,
      'x-key': 'a',
      ...(typeof auth === 'string' ? { authorization: `Bearer ${auth}` } : {}),
    }
    if (decode === undefined) expect((await post(new URL(own, url).href, '[7]', headers)).status).toBe(202)
    await t.run(1)
    expect(out.batches).toEqual([decode === undefined ? [7] : []])
  })

  test('a body of an unknown length that is too large, with the answer before its end', async () => {
    const { url } = await job({ maxBody: 10 })
    const { port } = new URL(url)
    const sending = httpRequest({ port, method: 'POST', headers: JSON_TYPE })
    sending.on('error', () => undefined)
    sending.write('x'.repeat(100))
    const [response] = (await once(sending, 'response')) as [{ statusCode: number }]
    expect(response.statusCode).toBe(413)
    sending.destroy()
  })
})

describe('durable before it is answered', () => {
  test('a request is answered when its block is in the journal, and survives a crash', async () => {
    const receivers: HttpReceiver<number>[] = []
    const define = (t: TestContext) => {
      const receiver = httpReceiver<number>({ port: 0 })
      receivers.push(receiver)
      return t.output(t.ssc.receiverStream(receiver))
    }
    const t = new TestContext({ batchInterval: Seconds(1) })
    define(t)
    await t.ssc.start()
    await t.until(() => receivers[0]!.url !== undefined)
    expect((await post(receivers[0]!.url!, '[1,2]')).status).toBe(202)
    const next = await t.crashAndRecover(define)
    await next.run(1)
    await next.stop()
    expect(next.defined.batches.flat()).toEqual([1, 2])
  })

  test('a request that is sent again under its key counts once, over a crash too', async () => {
    const receivers: HttpReceiver<number>[] = []
    const define = (t: TestContext) => {
      const receiver = httpReceiver<number>({ port: 0 })
      receivers.push(receiver)
      return t.output(t.ssc.receiverStream(receiver).reduce((a, b) => a + b))
    }
    const sends = async (t: TestContext, n: number): Promise<unknown[]> => {
      const receiver = receivers.at(-1)!
      await t.until(() => receiver.url !== undefined)
      const send = (key: string) => post(receiver.url!, `[${n}]`, { ...JSON_TYPE, 'idempotency-key': key })
      // Two at once, and one behind them.
      const answers = [...(await Promise.all([send('a'), send('a')])), await send('a')]
      return answers.map(({ status, body }) => [status, body['repeated'] ?? false])
    }
    const t = new TestContext({ batchInterval: Seconds(1) })
    define(t)
    await t.ssc.start()
    const first = await sends(t, 1)
    expect(first.sort()).toEqual([[202, false], [202, true], [202, true]]) // prettier-ignore
    const next = await t.crashAndRecover(define)
    await next.ssc.start()
    expect(await sends(next, 10)).toEqual([[202, true], [202, true], [202, true]]) // prettier-ignore
    await next.run(1)
    await next.stop()
    expect(next.defined.batches[0]).toEqual([1])
  })

  test('a full buffer is answered with 503 and a time to wait, until a batch has made room', async () => {
    const { t, out, url } = await job({}, { maxBufferedRecords: 2 })
    expect((await post(url, '[1,2]')).status).toBe(202)
    const refused = await post(url, '[3]')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    await t.run(1)
    expect((await post(url, '[3]')).status).toBe(202)
    await t.run(1)
    expect(out.batches).toEqual([[1, 2], [3]])
  })

  test('a graceful stop answers what is under way, and its records are in the last batch', async () => {
    let isUnderWay = false
    const { t, out, url } = await job({ auth: () => (isUnderWay = true) })
    const { port } = new URL(url)
    const sending = httpRequest({ port, method: 'POST', headers: JSON_TYPE })
    const answer = once(sending, 'response') as Promise<[{ statusCode: number; headers: Record<string, string> }]>
    sending.write('[1,')
    await t.until(() => isUnderWay)
    const stopping = t.stop()
    sending.end('2]')
    const [{ statusCode }] = await answer
    await stopping
    expect([statusCode, out.batches.flat()]).toEqual([202, [1, 2]])
    await expect(fetch(url)).rejects.toThrow()
  })
})

test('a port that is in use is reported and tried again', async () => {
  const { t: other, url } = await job()
  const t = new TestContext({ batchInterval: Seconds(1) })
  const receiver = httpReceiver<number>({ port: Number(new URL(url).port) })
  t.output(t.ssc.receiverStream(receiver))
  await t.ssc.start()
  const errors = () => JSON.stringify(t.events.filter(({ type }) => type === 'receiverError'))
  await t.until(() => errors().includes('cannot-listen') || errors().includes('cannot listen'))
  expect(errors()).toMatch(/cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*Another program listens there/)
  await other.ssc.stop()
  await t.advance(Seconds(3))
  await t.until(() => receiver.url !== undefined)
  await t.ssc.stop()
})

test('a connection that breaks in the middle of a body stores nothing', async () => {
  const { t, out, url } = await job()
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n[1,2')
  socket.destroy()
  expect((await post(url, '[7]')).status).toBe(202)
  await t.run(1)
  expect(out.batches).toEqual([[7]])
})

describe('requests that come together', () => {
  test('are one block, and a record that cannot be stored fails its own request', async () => {
    const blocks: unknown[][] = []
    const store = new GroupedStore(
      (records) => {
        if (records.includes('bad')) return Promise.reject(new Error('not storable'))
        blocks.push([...records])
        return new Promise((resolve) => setImmediate(resolve))
      },
      new SeenKeys(10, undefined),
    )
    const added = await Promise.allSettled(['a', 'b', 'bad', 'c'].map((record) => store.add([record], undefined)))
    expect(added.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(blocks).toEqual([['a'], ['b'], ['c']])
    await Promise.all(['d', 'e', 'f'].map((record) => store.add([record], undefined)))
    expect(blocks.slice(3)).toEqual([['d'], ['e', 'f']])
  })

  test('the oldest keys are forgotten first', () => {
    const seen = new SeenKeys(2, undefined)
    seen.adopt(seen.with(['a', 'b']))
    seen.adopt(seen.with(['c']))
    expect(['a', 'b', 'c'].map((key) => seen.has(key))).toEqual([false, true, true])
    expect(new SeenKeys(2, seen.with([])).has('c')).toBe(true)
  })
})

test.each<[string, unknown]>([
  ['no options', undefined],
  ['no port', {}],
  ['a port that is none', { port: 70_000 }],
  ['a path without a slash', { port: 0, path: 'clicks' }],
  ['an empty token', { port: 0, auth: '' }],
  ['no bytes', { port: 0, maxBody: 0 }],
  ['a decode that is no function', { port: 0, decode: 'json' }],
  ['tls that is none', { port: 0, tls: true }],
])('refused at once: %s', (_, options) => {
  expect(() => httpReceiver(options as never)).toThrow(expect.objectContaining({ code: 'bad-option' }))
})

test('the type of the records is the type of the stream', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const stream: DStream<{ page: string }> = t.ssc.receiverStream(httpReceiver<{ page: string }>({ port: 0 }))
  expect(stream.slideDuration).toEqual(Seconds(1))
})
