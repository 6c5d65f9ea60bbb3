import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Seconds, type StreamingEvents } from 'dstream'
import { TestContext } from 'dstream/testing'
import { encodePost, type Post } from './feed/index.js'
import { JvcReceiver } from './jvc-receiver.js'

function post(n: number): Post {
  return {
    id: String(n),
    hour: 'h',
    topic: 't',
    auteur: 'a',
    message: 'é😀',
    stickers: ['s'],
  }
}

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A feed that a test writes by hand. */
async function feed() {
  const sockets: Socket[] = []
  const asked: string[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (data) => asked.push(String(data)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { sockets, asked, port: (server.address() as AddressInfo).port }
}

function errorsOf(t: TestContext): string[] {
  return t.events.flatMap((e) =>
    e.type === 'receiverError' ? [(e as StreamingEvents['receiverError']).receiverInfo.lastErrorMessage] : [],
  )
}

test('posts arrive as records, a bad line is reported and left out', async () => {
  const { sockets, asked, port } = await feed()
  const t = new TestContext({ batchInterval: Seconds(1) })
  closers.push(() => t.stop())
  const out = t.output(t.ssc.receiverStream(new JvcReceiver({ host: '127.0.0.1', port })))
  await t.run(1)
  await t.until(() => asked.join('') === '{"resume":""}\n')
  sockets[0]?.write(encodePost(post(1), 'l:0') + 'oops\n' + encodePost(post(2), 'l:1'))
  await receive(t, () => out.batches.flat().length === 2)
  expect(out.batches.flat()).toEqual([post(1), post(2)])
  expect(errorsOf(t).join()).toContain('oops')
})

test('after a crash it asks for what follows the last durable block, and nothing is lost or repeated', async () => {
  const { sockets, asked, port } = await feed()
  const define = (t: TestContext) => ({
    totals: t.output(
      t.ssc
        .receiverStream(new JvcReceiver({ host: '127.0.0.1', port }))
        .mapToPair((p) => [p.id, 1])
        .reduceByKey((a, b) => a + b)
        .updateStateByKey<number>((values, n = 0) => values.reduce((a, b) => a + b, n)),
    ),
  })
  const t = new TestContext({ batchInterval: Seconds(1) })
  const first = define(t)
  await t.run(1)
  await t.until(() => asked.length === 1)
  sockets[0]?.write(encodePost(post(1), 'l:0') + encodePost(post(2), 'l:1'))
  await receive(t, () => (first.totals.batches.at(-1) ?? []).length === 2)
  const again = await t.crashAndRecover(define)
  closers.push(() => again.stop())
  await again.run(1)
  await again.until(() => asked.length === 2)
  expect(asked[1]).toBe('{"resume":"l:1"}\n')
  sockets[1]?.write(encodePost(post(3), 'l:2'))
  await receive(again, () => (again.defined.totals.batches.at(-1) ?? []).length === 3)
  expect(again.defined.totals.batches.at(-1)).toEqual([
    ['1', 1],
    ['2', 1],
    ['3', 1],
  ])
})

/** Runs batches until the condition holds; real I/O happens in between. */
async function receive(t: TestContext, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    await t.run(1)
  }
  expect(condition()).toBe(true)
}
