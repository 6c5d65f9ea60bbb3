import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { JOB, looped, resultsOf } from './lives.js'
import { nodeArchive, pathWithoutNode } from './machines.js'
import { MiniHdfs } from './mini-hdfs.js'
import { MiniYarn, missingYarn } from './mini-yarn.js'
import { descendants, DRIVER, WORKER } from './processes.js'
import { endJobs, jobFile, linesIn, mustBeWell, startCommand, startJob, type Ended, type Running } from './run-job.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const cache = join(root, 'node_modules/.cache')
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, 'dstream-yarn-'))
const yarn = new MiniYarn()
const hdfs = new MiniHdfs()
const servers: Server[] = []
afterAll(() => rmSync(folder, { recursive: true }))

/** Starts a job whose executors are containers of YARN. */
function startOnYarn(file: string, options: readonly string[], start: Parameters<typeof startJob>[2] = {}): Running {
  const conf = yarn.settings.flatMap((setting) => ['--conf', setting])
  const env = { ...start.env, HADOOP_CONF_DIR: yarn.configuration }
  return startJob(file, ['--master', 'yarn', ...conf, ...options], { ...start, env })
}

/** Writes README's first program, which reads lines of another port. */
function readmeWords(port: number): string {
  const [, program = ''] = /```js\n([^]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
  expect(program).toContain("socketTextStream('localhost', 9999)")
  const file = join(folder, 'words.mjs')
  writeFileSync(file, program.replace("'localhost', 9999", `'127.0.0.1', ${port}`))
  return file
}

const WORDS = ['to', 'be', 'or', 'not', 'that', 'is', 'the', 'question']
/** Lines of which a word has so many more the further behind it is. */
const LINES = Array.from({ length: 2000 }, (_, i) => WORDS.filter((_, at) => i % (at + 2) === 0).join(' ')).join('\n')
const TOTALS = WORDS.map((word, at) => `(${word},${Math.ceil(2000 / (at + 2))})`).join('\n')

/** Gives the lines to each connection, and keeps it open. */
async function feed(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.write(`${LINES}\n`)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Ends a job as Ctrl-C does once it has printed a text. */
function untilPrinted({ child, ended }: Running, wanted: string): Promise<Ended> {
  let text = ''
  let isAsked = false
  child.stdout!.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    if (isAsked || !text.includes(wanted)) return
    isAsked = true
    child.kill('SIGINT')
  })
  return ended
}

describe.skipIf(missingYarn !== undefined)('on YARN', () => {
  beforeAll(() => Promise.all([yarn.start(), hdfs.start()]))
  afterEach(endJobs)
  afterAll(async () => {
    for (const server of servers) server.close()
    await Promise.all([yarn.end(), hdfs.end()])
  })
  // A container has the PATH of bash, whatever that of its node manager is.
  const NODE = ['--conf', `spark.dstream.node=${process.execPath}`]

  const PATH = pathWithoutNode(folder)
  const NO_NODE = ['--conf', `spark.executorEnv.PATH=${PATH}`]

  test("README's first program counts as in one process", async () => {
    const job = readmeWords(await feed())
    const here = await untilPrinted(startJob(job, undefined), TOTALS)
    const there = await untilPrinted(startOnYarn(job, NODE), TOTALS)
    mustBeWell(there)
    expect(here.printed.join('\n')).toContain(TOTALS)
    expect(there.printed.join('\n')).toContain(TOTALS)
    expect(there.errors).toMatch(/words runs on Spark [\d.]+, yarn; shared streams on the cluster: flatMap#1/)
    expect(there.errors).not.toMatch(/dstream warn/)
  })

  test('a job with a state goes on where a worker is killed, with the Node that is shipped', async () => {
    let killed = 0
    const here = await startJob(jobFile('slow.mjs'), undefined).ended
    const options = ['--node-archive', nodeArchive(folder), ...NO_NODE]
    const there = await startOnYarn(jobFile('slow.mjs'), options, {
      onLine: ({ completed }) => {
        if (completed !== 2) return
        killed = descendants(yarn.pid, WORKER)[0]!
        process.kill(killed, 'SIGKILL')
      },
    }).ended
    mustBeWell(there)
    expect(killed).toBeGreaterThan(0)
    expect(there.batches).toEqual(here.batches)
    expect(there.tasks).toMatchObject({ onMainThread: 0, repeated: 0 })
  })

  test('containers without a Node are refused in words', async () => {
    const { code, errors } = await startOnYarn(jobFile('slow.mjs'), NO_NODE).ended
    expect(code).toBe(1)
    expect(errors).toMatch(/There is no Node on executor \d+ \(/)
  })

  describe('where YARN starts the driver', () => {
    let application: string
    const printed = (stream: 'stdout' | 'stderr'): string => yarn.printedBy(application, stream)
    const completed = (): number => linesIn(printed('stdout')).filter((line) => line.completed !== undefined).length

    /** Submits a job, and resolves once YARN has ended it, which spark-submit waits for. */
    async function submit(job: string, env: Readonly<Record<string, string>>, conf: readonly string[] = []) {
      const settings = [...yarn.settings, 'spark.driver.memory=512m', `spark.dstream.node=${process.execPath}`, ...conf]
      application = 'not submitted yet'
      const { child, ended } = startCommand(
        [
          ...['submit', job, '--master', 'yarn', '--deploy-mode', 'cluster'],
          ...settings.flatMap((setting) => ['--conf', setting]),
          ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
        ],
        { env: { HADOOP_CONF_DIR: yarn.configuration } },
      )
      child.stderr!.on('data', (chunk: Buffer) => {
        application = /(application_\d+_\d+)/.exec(chunk.toString())?.[1] ?? application
      })
      return ended
    }

    test('a job gives what it gives in one process, and YARN says that it has succeeded', async () => {
      const here = await startJob(jobFile('slow.mjs'), undefined).ended
      const { code, errors } = await submit(jobFile('slow.mjs'), {})
      expect({ code, errors }).toMatchObject({ code: 0, errors: expect.stringContaining('final status: SUCCEEDED') })
      const lines = linesIn(printed('stdout'))
      expect(lines.flatMap(({ records }) => (records === undefined ? [] : [records]))).toEqual(here.batches['totals'])
      expect(lines.at(-1)!.tasks!.filter(({ onMainThread, repeated }) => onMainThread + repeated > 0)).toEqual([])
    })

    test.each([
      ['a folder that all machines have', () => pathToFileURL(join(folder, 'place')).href],
      ['HDFS', () => `${hdfs.uri}/place`],
    ])('a driver that is killed goes on from %s in the second attempt, and each batch is right', async (_, place) => {
      const env = { CHECKPOINT: place(), GROWN: '1000000', BATCHES: '100', BATCH_MS: '300' }
      const ended = submit(JOB, env)
      await vi.waitFor(() => expect(completed()).toBeGreaterThanOrEqual(3), { timeout: 120_000, interval: 50 })
      const [node] = descendants(yarn.pid, DRIVER)
      process.kill(node!, 'SIGKILL')
      const { code, errors } = await ended
      expect({ code, errors }).toMatchObject({ code: 0, errors: expect.stringContaining('final status: SUCCEEDED') })
      const results = resultsOf([{ lines: linesIn(printed('stdout')) }], Infinity)
      expect(results.length).toBeGreaterThan(100)
      expect(results).toEqual(looped(results.length))
    })

    test('a job that fails has failed for YARN', async () => {
      const env = { CHECKPOINT: join(folder, 'here') }
      const { code, errors } = await submit(JOB, env, ['spark.yarn.maxAppAttempts=1'])
      expect(code).toBe(1)
      expect(errors).toMatch(/final status: FAILED/)
      expect(printed('stderr')).toMatch(/checkpointDir is ".*here", a directory of one machine/)
    })
  })
})
