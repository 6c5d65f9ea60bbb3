import { afterEach, describe, expect, test } from 'vitest'
import { once } from 'node:events'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Milliseconds, Receiver, Seconds, StreamingContext, type StreamingContextOptions } from 'dstream'
import { TestContext } from 'dstream/testing'
import { openApiDocument } from 'dstream/ui'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { Registry } from 'prom-client'
import { memoryStorage } from 'dstream/storage'
import { lineCodec } from '../src/base/lines/line-codec.js'
import { planWords } from '../src/durable/checkpoint/plan-words.js'

// The page over real HTTP on loopback, of jobs on the virtual clock.

const open: TestContext[] = []
afterEach(async () => {
  for (const t of open.splice(0)) await t.ssc.stop().catch(() => undefined)
})

function context(options: Partial<StreamingContextOptions> = {}): TestContext {
  const t = new TestContext({ batchInterval: Seconds(1), appName: 'words', ui: { port: 0 }, ...options })
  open.push(t)
  return t
}

interface Reply {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly text: string
  readonly json: any
}

/** A plain request, with headers that fetch would not let through. */
function ask(
  t: TestContext,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Reply> {
  const url = new URL(path, t.ssc.uiUrl)
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: options.method ?? 'GET', headers: options.headers ?? {} }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += String(chunk)))
      response.on('end', () => {
        const isJson = String(response.headers['content-type']).includes('json')
        const json: unknown = isJson && text !== '' ? JSON.parse(text) : {}
        resolve({ status: response.statusCode!, headers: response.headers, text, json })
      })
    })
    sent.on('error', reject)
    sent.end(options.body)
  })
}

/** A running word count after two batches, with a state and a board. */
async function running(options: Partial<StreamingContextOptions> = {}): Promise<TestContext> {
  const t = context(options)
  const words = t.input([['a b', 'a'], ['c']]).flatMap((line) => line.split(' '))
  const totals = words
    .mapToPair((word) => [word, 1])
    .reduceByKey((a, b) => a + b)
    .updateStateByKey((values, total: number | undefined) => values.reduce((a, b) => a + b, total ?? 0))
    .uid('totals')
  totals.show('Words', { as: 'bars', unit: 'times' })
  words.count().show('Words a batch', { as: 'line' })
  words.foreachRDD(async (rdd) => void (await rdd.count()))
  await t.run(2)
  return t
}

describe('REST', () => {
  test('has the figures of the batches, as Spark names them', async () => {
    const t = await running()
    const [app] = (await ask(t, '/api/v1/applications')).json
    const base = `/api/v1/applications/${app.id}/streaming`
    expect(app.name).toBe('words')
    expect((await ask(t, `${base}/statistics`)).json).toMatchObject({
      batchDuration: 1000,
      numTotalCompletedBatches: 2,
      numRetainedCompletedBatches: 2,
      numActiveBatches: 0,
      numProcessedRecords: 3,
      numReceivedRecords: 3,
      avgInputRate: 1.5,
    })
    const batches = (await ask(t, `${base}/batches`)).json
    expect(batches.map((batch: any) => [batch.batchId, batch.status, batch.inputSize])).toEqual([
      [2000, 'COMPLETED', 1],
      [1000, 'COMPLETED', 2],
    ])
    expect(batches[0]).toMatchObject({ numTotalOutputOps: 3, numCompletedOutputOps: 3, numFailedOutputOps: 0 })
    expect((await ask(t, `${base}/batches/1000`)).json).toEqual(batches[1])
    const operations = (await ask(t, `${base}/batches/1000/operations`)).json
    expect(operations.map(({ outputOpId }: any) => outputOpId)).toEqual([0, 1, 2])
    const operators = (await ask(t, `${base}/batches/1000/operators`)).json
    const figures = Object.fromEntries(operators.map((one: any) => [one.id, [one.recordsIn, one.recordsOut]]))
    expect(figures).toMatchObject({ 'flatMap#1': [2, 3], 'reduceByKey#1': [3, 2] })
    expect((await ask(t, `${base}/batches/1000/operations/2`)).json.name).toMatch(/^foreachRDD at ui\.test\.ts:\d+$/)
  })

  test('says what it does not know', async () => {
    const t = await running()
    const [{ id }] = (await ask(t, '/api/v1/applications')).json
    const refused = async (path: string) => {
      const { status, json } = await ask(t, path)
      return [status, json.message]
    }
    expect(await refused('/api/v1/applications/other/streaming/batches')).toEqual([404, 'unknown app: other'])
    expect(await refused(`/api/v1/applications/${id}/streaming/batches/7`)).toEqual([404, 'unknown batch: 7'])
    expect(await refused(`/api/v1/applications/${id}/streaming/receivers/9`)).toEqual([404, 'unknown receiver: 9'])
    expect(await refused('/api/v1/state/other')).toEqual([404, 'unknown state: other; there is totals'])
    expect(await refused('/api/v1/state/totals?limit=0')).toEqual([
      400,
      'limit must be a whole number from 1 to 1000, not 0',
    ])
    expect(await refused(`/api/v1/applications/${id}/streaming/batches?status=done`)).toEqual([
      400,
      'unknown status: DONE; there is QUEUED, PROCESSING, COMPLETED',
    ])
    expect(await refused('/nowhere')).toEqual([404, 'There is nothing at /nowhere'])
    expect(await refused('/api/v1/%E0%A4%A')).toEqual([404, 'There is nothing at /api/v1/%E0%A4%A'])
  })

  test('every answer is as the OpenAPI document describes it, and every operation of it is answered', async () => {
    const t = await running({ backpressure: true })
    const document: any = openApiDocument()
    const ajv = new Ajv2020({ strict: false })
    ajv.addSchema({ $id: 'answers', components: document.components })
    const [{ id }] = (await ask(t, '/api/v1/applications')).json
    const values: Record<string, string> = { appId: id, streamId: '0', batchId: '1000', outputOpId: '0', uid: 'totals' }
    expect((await ask(t, '/api/v1/openapi.json')).json).toEqual(JSON.parse(JSON.stringify(document)))
    for (const [path, item] of Object.entries<any>(document.paths)) {
      const { status, json } = await ask(
        t,
        path.replace(/\{(\w+)\}/g, (_, name) => values[name]!),
      )
      const { schema } = item.get.responses[200].content['application/json']
      const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"answers#/')))
      expect({ path, status, errors: validate(json) ? [] : validate.errors }).toEqual({ path, status: 200, errors: [] })
    }
  })

  test('the plan has the records of the last batch, and the state answers', async () => {
    const t = await running()
    const { nodes } = (await ask(t, '/api/v1/plan')).json
    const figures = Object.fromEntries(nodes.map((n: any) => [n.id, [n.recordsIn, n.recordsOut]]))
    expect(figures).toMatchObject({ 'flatMap#1': [1, 1], 'mapToPair#1': [1, 1], 'reduceByKey#1': [1, 1] })
    expect(nodes.find((n: any) => n.id === 'totals')).toMatchObject({ stateful: true, keys: 3, recordsOut: 3 })
    const node = (id: string) => nodes.find((n: any) => n.id === id)
    expect(node('mapToPair#1')).toMatchObject({ loop: 'reduceByKey#1' })
    expect(node('reduceByKey#1').loop).toBeUndefined()
    expect(node('reduceByKey#1').spentMs).toBeGreaterThan(0)
    expect(node('totals').spentMs).toBeGreaterThan(0)
    expect(node('totals').bytes).toBeGreaterThan(3)
    const rows = async (query: string) => (await ask(t, `/api/v1/state/totals?${query}`)).json.rows
    expect(await rows('key=a')).toEqual([{ key: 'a', value: '2' }])
    expect(await rows('key=z')).toEqual([])
    expect(await rows('by=&limit=1')).toEqual([{ key: 'a', value: '2' }])
    expect(await rows('limit=2')).toHaveLength(2)
  })

  test('the plan has the bytes of a batch and of what windows hold', async () => {
    class Bytes extends Receiver<string> {
      async onStart(): Promise<void> {
        await this.storeBytes(Buffer.from('one line\nanother\n'), lineCodec)
      }
      onStop(): void {
        // Nothing is open.
      }
    }
    const t = context()
    const lengths = t.ssc.receiverStream(new Bytes()).mapToPair((line) => [line, line.length])
    lengths
      .reduceByKey((x, y) => x + y)
      .window(Seconds(3))
      .print()
    const node = async (id: string) => (await ask(t, '/api/v1/plan')).json.nodes.find((n: any) => n.id === id)
    await t.run(1)
    expect(await node('receiverStream#1')).toMatchObject({ bytes: 17, recordsOut: 2 })
    expect(await node('reduceByKey#1')).toMatchObject({ rememberedBatches: 1, bytes: expect.any(Number) })
    await t.run(1)
    expect((await node('receiverStream#1')).bytes).toBeUndefined()
    expect((await node('reduceByKey#1')).rememberedBatches).toBe(2)
    expect((await node('reduceByKey#1')).bytes).toBeGreaterThan(16)
  })

  test('a restart is foretold in the words, and by the rules, of `checkpoint plan`', async () => {
    const storage = memoryStorage()
    const define = (ssc: StreamingContext): void => {
      const words = ssc
        .fromSource({ initial: () => 0, plan: (from: number) => from + 1, read: (from: number) => [`w${from % 2}`] })
        .uid('words')
      const pairs = words.mapToPair((word) => [word, 1])
      pairs
        .runningReduceByKey((a, b) => a + b)
        .uid('totals')
        .print()
      pairs
        .filter(() => false)
        .updateStateByKey((values: number[]) => values.length)
        .uid('never')
        .print()
      pairs
        .reduceByKey((a, b) => a + b)
        .window(Seconds(3))
        .print()
      words.map((word) => word.length).print()
    }
    const t = context({ storage })
    define(t.ssc)
    await t.ssc.start()
    expect((await ask(t, '/api/v1/storage')).json.restart).toBeUndefined()
    await t.run(2)
    const { restart } = (await ask(t, '/api/v1/storage')).json
    const next = new TestContext({ batchInterval: Seconds(1), storage })
    define(next.ssc)
    expect(restart).toEqual(planWords(await next.ssc.planResume(storage)))
    expect(restart).toEqual({ kept: ['words', 'totals', 'never', 'reduceByKey#1'], migrated: [], new: [], dropped: [] })
  })

  test('a stream of files says what it passes over and why, and what waits for a later batch', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dstream-files-'))
    const write = async (name: string, dated: number): Promise<void> => {
      await writeFile(join(folder, name), `${name}\n`)
      await utimes(join(folder, name), dated / 1000, dated / 1000)
    }
    await write('old.csv', 0)
    const t = context()
    t.ssc.textFileStream(folder, { maxFilesPerBatch: 1, filter: (path) => path.endsWith('.csv') }).print()
    await t.ssc.start()
    for (const [name, dated] of Object.entries({ 'a.csv': 100, 'b.csv': 200, 'notes.txt': 200, 'later.csv': 50_000 }))
      await write(name, dated)
    await t.run(1)
    const [source] = (await ask(t, '/api/v1/sources')).json
    expect(source).toMatchObject({ lag: { files: 1 }, files: { read: 1, numPassedOver: 3 } })
    expect(source.files.passedOver).toEqual([
      { path: join(folder, 'notes.txt'), reason: 'left out by the filter' },
      { path: join(folder, 'old.csv'), reason: 'dated 1970-01-01T00:00:00.000Z, before the start' },
      { path: join(folder, 'later.csv'), reason: 'dated 1970-01-01T00:00:50.000Z, and not read before' },
    ])
    await rm(folder, { recursive: true })
    expect((await ask(t, '/metrics')).text).toMatch(/^dstream_source_lag_files\{.*\} 1$/m)
  })

  test('the figures are those of lastProgress', async () => {
    const t = await running()
    const { lastProgress, phase, remainingBatches } = (await ask(t, '/api/v1/progress')).json
    expect(lastProgress).toEqual(JSON.parse(JSON.stringify(t.ssc.lastProgress)))
    expect([phase, remainingBatches]).toEqual(['running', 0])
  })

  test('a failed output shows its reason and its attempts', async () => {
    const t = context()
    let fails = true
    t.input([[1], [2]]).foreachRDD(
      () => {
        if (fails) throw new Error('the store is away')
      },
      { retry: { attempts: Infinity } },
    )
    await t.run(1)
    const [batch] = (await ask(t, `/api/v1/applications/${await idOf(t)}/streaming/batches`)).json
    expect(batch).toMatchObject({ numFailedOutputOps: 1 })
    expect(batch.firstFailureReason).toContain('the store is away')
    fails = false
    await t.run(1)
    const [output] = (await ask(t, '/api/v1/outputs')).json
    expect(output).toMatchObject({ pendingBatches: 0, lastFailureReason: expect.stringContaining('the store is away') })
    expect(output.failures).toBeGreaterThan(0)
    expect(output.attempts).toBe(output.failures + 2)
  })

  test('options are shown, and what is secret is not', async () => {
    const t = await running({ ui: { port: 0, auth: { token: 'a long secret' } } })
    const { text, json } = await ask(t, '/api/v1/environment', { headers: { authorization: 'Bearer a long secret' } })
    expect(text).not.toContain('a long secret')
    expect(json.options).toMatchObject({ batchInterval: '1000 ms', appName: 'words' })
  })
})

async function idOf(t: TestContext): Promise<string> {
  return (await ask(t, '/api/v1/applications')).json[0].id
}

/** Reads the messages of a page that is open; `close` is what a browser does when its tab is closed. */
function follow(t: TestContext, app?: string) {
  const messages: any[] = []
  const waiting: (() => void)[] = []
  const sent = request(new URL(`/events${app === undefined ? '' : `?app=${app}`}`, t.ssc.uiUrl))
  let text = ''
  const ended = new Promise<void>((resolve) => {
    sent.on('response', (response) => {
      response.on('data', (chunk) => {
        text += String(chunk)
        const parts = text.split('\n\n')
        text = parts.pop()!
        for (const part of parts) if (part.startsWith('data: ')) messages.push(JSON.parse(part.slice(6)))
        for (const wake of waiting.splice(0)) wake()
      })
      response.on('close', resolve)
    })
  })
  sent.on('error', () => undefined)
  sent.end()
  const next = async (isIt: (message: any) => boolean): Promise<any> => {
    for (;;) {
      const found = messages.find(isIt)
      if (found !== undefined) return found
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
  }
  return { next, ended, close: () => sent.destroy() }
}

describe('events', () => {
  test('begin with everything and go on with the changes', async () => {
    const t = await running()
    const page = follow(t)
    const first = await page.next(({ full }) => full)
    expect(first.batches.map((batch: any) => [batch.t, batch.n, batch.ok])).toEqual([
      [1000, 2, 3],
      [2000, 1, 3],
    ])
    expect(first.board.map((panel: any) => [panel.name, panel.batches.at(-1).batchTime])).toEqual([
      ['Words', 2000],
      ['Words a batch', 2000],
    ])
    expect(first.board[0].batches[0].rows).toContainEqual({ cells: ['a', 2] })
    await t.run(1)
    const later = await page.next(
      ({ full, batches }) => !full && batches.some((batch: any) => batch.status === 'COMPLETED'),
    )
    expect(later.batches.map((batch: any) => batch.t)).toEqual([3000])
    expect(later.boot).toBe(first.boot)
    page.close()
  })

  test('end with the job', async () => {
    const t = await running()
    const page = follow(t)
    await page.next(({ full }) => full)
    await t.ssc.stop()
    await page.ended
    expect(t.ssc.uiUrl).toBeUndefined()
  })
})

describe('the address', () => {
  test('contexts that ask for the same port share a page; another port is taken when that one is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const a = await running({ appName: 'a', ui: { port } })
    const b = await running({ appName: 'b', ui: { port } })
    expect(a.ssc.uiUrl).toBe(b.ssc.uiUrl)
    expect(new URL(a.ssc.uiUrl!).port).not.toBe(String(port))
    const names = async (t: TestContext) => (await ask(t, '/api/v1/applications')).json.map((app: any) => app.name)
    expect(await names(a)).toEqual(['a', 'b'])
    await a.ssc.stop()
    expect(await names(b)).toEqual(['b'])
    const other = context({ appName: 'c', ui: { port, images: ['https://a.example'] } })
    other.input([[1]]).print()
    await expect(other.ssc.start()).rejects.toMatchObject({ code: 'ui-shared' })
    taken.close()
  })

  test('it is said in one line of the log', async () => {
    const lines: string[] = []
    const log = (_: object, line: string): void => void lines.push(line)
    const t = await running({ logger: { debug: log, info: log, warn: log, error: log } })
    const { uiUrl } = t.ssc
    expect(lines.filter((line) => line.includes(uiUrl!))).toEqual([
      `The page of the job is at ${uiUrl}, its board at ${uiUrl}/board`,
    ])
  })
})

describe('safety', () => {
  test('a name that is not its own is refused', async () => {
    const t = await running({ ui: { port: 0, allowedHosts: ['jobs.example.org'] } })
    const status = async (host: string) => (await ask(t, '/api/v1/plan', { headers: { host } })).status
    expect(await status('attacker.example.com')).toBe(421)
    expect(await status('attacker.example.com:4040')).toBe(421)
    expect(await status('127.0.0.1.attacker.example.com')).toBe(421)
    expect(await status('jobs.example.org:80')).toBe(200)
    expect(await status('localhost:4040')).toBe(200)
    expect(await status('[::1]:4040')).toBe(200)
  })

  test('the page has a strict policy and no inline script', async () => {
    const t = await running({ ui: { port: 0, images: ['https://pictures.example.org'] } })
    const { headers, text } = await ask(t, '/streaming/?app=x')
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("img-src 'self' https://pictures.example.org;")
    expect(policy).not.toMatch(/unsafe/)
    expect(text).not.toMatch(/<script(?![^>]*\bsrc=)/)
    expect(headers['x-content-type-options']).toBe('nosniff')
  })

  test('nothing can be changed: other methods are refused', async () => {
    const t = await running()
    for (const method of ['POST', 'PUT', 'DELETE']) {
      expect((await ask(t, '/api/v1/plan', { method })).status).toBe(405)
    }
    expect((await ask(t, '/api/v1/plan', { method: 'HEAD' })).text).toBe('')
  })

  test('with a token only its owner may look', async () => {
    const t = await running({ ui: { port: 0, auth: { token: 'correct horse' } } })
    const status = async (path: string, headers: Record<string, string> = {}) =>
      (await ask(t, path, { headers })).status
    expect(await status('/api/v1/plan')).toBe(401)
    expect(await status('/metrics')).toBe(401)
    expect(await status('/events')).toBe(401)
    expect(await status('/api/v1/plan', { authorization: 'Bearer wrong' })).toBe(401)
    expect(await status('/api/v1/plan', { cookie: 'dstream_session=wrong' })).toBe(401)
    expect(await status('/api/v1/plan', { authorization: 'Bearer correct horse' })).toBe(200)
    expect(await status('/health/live')).toBe(200)
    const asked = await ask(t, '/board', { headers: { accept: 'text/html' } })
    expect([asked.status, asked.headers['location']]).toEqual([303, '/login?to=%2Fboard'])
    const sent = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    const wrong = await ask(t, '/login', { ...sent, body: 'token=no&to=%2Fboard' })
    expect([wrong.status, wrong.headers['set-cookie']]).toEqual([303, undefined])
    const right = await ask(t, '/login', { ...sent, body: 'token=correct+horse&to=%2Fboard' })
    expect([right.status, right.headers['location']]).toEqual([303, '/board'])
    const cookie = String(right.headers['set-cookie']).split(';')[0]!
    expect(cookie).not.toContain('correct')
    expect(await status('/api/v1/plan', { cookie })).toBe(200)
    const away = await ask(t, '/login', { ...sent, body: 'token=correct+horse&to=//attacker.example.com' })
    expect(away.headers['location']).toBe('/')
    expect((await ask(t, '/login?to=%22%3E%3Cscript%3E')).text).not.toContain('<script>')
  })

  test.each<[unknown, string]>([
    [{ host: '0.0.0.0' }, 'ui-needs-token'],
    [{ port: 70_000 }, 'bad-option'],
    [{ auth: { token: 'short' } }, 'bad-option'],
    [{ images: ["https://a.example 'unsafe-inline'"] }, 'bad-option'],
    [{ images: ['*'] }, 'bad-option'],
    [{ prot: 1 }, 'unknown-option'],
    ['yes', 'bad-option'],
  ])('the option ui: %j is refused', (ui, code) => {
    let error: unknown
    try {
      new StreamingContext({ batchInterval: Seconds(1), ui: ui as never })
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code })
    expect(String(error)).not.toContain('"short"')
  })
})

describe('health', () => {
  test('is ready while the sources are connected and the batches are in time', async () => {
    const t = await running({ ui: { port: 0, maxDelay: Milliseconds(2500) } })
    expect((await ask(t, '/health/live')).status).toBe(200)
    expect((await ask(t, '/health/ready')).json).toEqual({
      status: 'ok',
      jobs: [{ job: 'words', ready: true, reasons: [] }],
    })
  })

  test('says why it is not', async () => {
    class Away extends Receiver<string> {
      onStart(): void {
        this.stop('the feed is gone')
      }
      onStop(): void {
        // Nothing is open.
      }
    }
    const t = context()
    t.ssc.receiverStream(new Away()).print()
    await t.run(1)
    const ready = await ask(t, '/health/ready')
    expect([ready.status, ready.json.jobs[0].reasons]).toEqual([503, ['the source "Away stream [0]" is not connected']])
    expect((await ask(t, '/api/v1/sources')).json[0]).toMatchObject({
      active: false,
      lastErrorMessage: 'the feed is gone',
    })
  })
})

describe('metrics', () => {
  test('have the gauges of Spark and the histograms', async () => {
    const t = await running()
    const { text, headers } = await ask(t, '/metrics')
    expect(headers['content-type']).toContain('text/plain')
    const value = (name: string) =>
      Number(new RegExp(`^${name.replace(/[{}+]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1])
    expect(value('dstream_batches_completed_total{app="words"}')).toBe(2)
    expect(value('dstream_records_processed_total{app="words"}')).toBe(3)
    expect(value('dstream_last_received_batch_records{app="words"}')).toBe(1)
    expect(value('dstream_state_keys{app="words",state="totals"}')).toBe(3)
    expect(value('dstream_batch_processing_seconds_bucket{le="+Inf",app="words"}')).toBe(2)
    expect(value('dstream_batch_interval_seconds{app="words"}')).toBe(1)
    expect(text).toMatch(/^# TYPE dstream_batches_completed_total counter$/m)
    expect(text).toMatch(/^# TYPE dstream_batch_total_delay_seconds histogram$/m)
    expect(text).toMatch(/^process_cpu_seconds_total /m)
  })

  test('join a registry of the program, and leave it with the job', async () => {
    const registry = new Registry()
    const t = await running({ ui: { port: 0, registry } })
    expect(await registry.metrics()).toContain('dstream_batches_completed_total{app="words"} 2')
    await t.ssc.stop()
    expect(await registry.metrics()).not.toContain('dstream_')
  })
})
