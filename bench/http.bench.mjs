// The durable receiver of HTTP, beside a bare node:http that appends to a file and answers after a sync: what has come
// while one sync ran shares the next. The sender is a process of its own, with 64 connections.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Seconds, StreamingContext } from 'dstream'
import { httpReceiver } from 'dstream/http'
import { silent } from './job.mjs'
import { median, ratio, report } from './measure.mjs'

const CONNECTIONS = 64
const REQUESTS = Number(process.env.REQUESTS ?? 20_000)
const rounds = Number(process.env.ROUNDS ?? 5)

const send = (port) =>
  new Promise((resolve, reject) => {
    const sender = fork(new URL('http-sender.mjs', import.meta.url), [port, CONNECTIONS, REQUESTS].map(String))
    sender.once('message', ({ ms }) => resolve(ms))
    sender.once('exit', (code) => code !== 0 && reject(new Error(`The sender ended with ${code}`)))
  })

const byHand = async (folder) => {
  const file = await open(join(folder, 'log'), 'a')
  let waiting = []
  let isWriting = false
  const write = async () => {
    if (isWriting) return
    isWriting = true
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      await file.appendFile(Buffer.concat(group.map(({ body }) => body)))
      await file.datasync()
      for (const { response } of group) response.writeHead(202).end()
    }
    isWriting = false
  }
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      // Both parse what they get.
      JSON.parse(body.toString())
      waiting.push({ body, response })
      void write()
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const ms = await send(server.address().port)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await file.close()
  return ms
}

const job = async (folder) => {
  const ssc = new StreamingContext({
    batchInterval: Seconds(1),
    checkpointDir: folder,
    appName: 'http',
    logger: silent,
  })
  const receiver = httpReceiver({ port: 0, path: '/clicks' })
  let seen = 0
  ssc.receiverStream(receiver).foreachRDD(async (rdd) => void (seen += await rdd.count()))
  await ssc.start()
  while (receiver.url === undefined) await setTimeout(5)
  const ms = await send(new URL(receiver.url).port)
  await ssc.stop({ gracefully: true })
  if (seen !== REQUESTS) throw new Error(`The job saw ${seen} records`)
  return ms
}

const runs = { 'by hand': [], dstream: [] }
for (let round = -1; round < rounds; round++) {
  for (const [name, run] of Object.entries({ 'by hand': byHand, dstream: job })) {
    const folder = mkdtempSync(join(tmpdir(), 'dstream-http-'))
    const ms = await run(folder)
    rmSync(folder, { recursive: true, force: true })
    if (round >= 0) runs[name].push(ms)
  }
}
const rate = (name) => REQUESTS / median(runs[name])
report(`HTTP, durable, ${CONNECTIONS} connections, one record a request`, [
  { name: 'node:http that syncs in groups', value: rate('by hand'), unit: 'K requests/s' },
  { name: 'httpReceiver', value: rate('dstream'), unit: 'K requests/s' },
  { name: 'httpReceiver against by hand', value: ratio(runs, 'dstream', 'by hand'), unit: '×', atLeast: 0.7 }, // prettier-ignore
])
