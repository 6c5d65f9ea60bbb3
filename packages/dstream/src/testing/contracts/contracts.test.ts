import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Time, type Sink, type SplitSource } from 'dstream'
import { sinkContract, sourceContract, type ContractCase, type SinkPlace, type SourceOrigin } from 'dstream/testing'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { hasRedis, RedisServer } from '../../../../../test/redis-server.js'
import { fileSink, readFileSink } from '../../output/files/index.js'
import { redisSink } from '../../connectors/redis/index.js'

/** The batches of a place in memory. */
type Batches = Map<number, number[]>

function memorySink(batches: Batches, isAway: () => boolean = () => false): Sink<number> {
  return {
    write: async ({ time, rdd }) => {
      if (isAway()) throw new Error('away')
      batches.set(time.milliseconds, await rdd.collect())
    },
    lastCommitted: () => (batches.size === 0 ? undefined : new Time(Math.max(...batches.keys()))),
  }
}

function memoryPlace(): SinkPlace<number> {
  const batches: Batches = new Map()
  let away = false
  return {
    sink: () => memorySink(batches, () => away),
    record: (n) => n,
    read: () => Promise.resolve([...batches.values()].flat()),
    takeAway: () => {
      away = true
      return Promise.resolve(() => Promise.resolve(void (away = false)))
    },
  }
}

function filePlace(): SinkPlace<string> {
  const folder = mkdtempSync(join(tmpdir(), 'dstream-contract-'))
  const directory = join(folder, 'out')
  return {
    sink: () => fileSink(directory),
    record: (n) => `line ${n}`,
    read: async () => {
      if (!existsSync(directory)) return []
      const all: string[] = []
      for await (const { lines } of readFileSink(directory)) all.push(...lines)
      return all
    },
    close: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
  }
}

async function redisPlace(): Promise<SinkPlace<number>> {
  const server = await RedisServer.start()
  const redis = new Redis(server.url)
  redis.on('error', () => undefined)
  return {
    sink: () =>
      redisSink<number>({
        url: server.url,
        key: 'sink',
        write: (multi, records) => records.forEach((n) => multi.rpush('list', n)),
      }),
    record: (n) => n,
    read: async () => (await redis.lrange('list', 0, -1)).map(Number),
    close: async () => {
      redis.disconnect()
      await server.close()
    },
  }
}

describe('sinkContract', () => {
  describe.each([
    ['a sink in memory', casesOf(sinkContract(memoryPlace))],
    ['fileSink', casesOf(sinkContract(filePlace))],
  ])('%s', (_, cases) => {
    test.each(cases)('%s', (_name, run) => run())
  })
  describe.skipIf(!hasRedis())('redisSink, with a real Redis', () => {
    test.each(casesOf(sinkContract(redisPlace)))('%s', (_name, run) => run())
  })

  test.each<[string, (batches: Batches) => Sink<number>, RegExp]>([
    [
      'forgets its newest batch',
      (batches) => ({ ...memorySink(batches), lastCommitted: () => undefined }),
      /newest batch/,
    ],
    ['adds a batch again', adding, /^a crash at output:done/],
    ['loses a record', losing, /every record is there once, in order/],
  ])('a sink that %s breaks a rule', async (_, make, rule) => {
    const broken = await brokenBy(sinkContract(() => ({ ...memoryPlace(), ...placeOf(make) })))
    expect(broken.join('\n')).toMatch(new RegExp(rule.source, 'm'))
  })
})

function placeOf(make: (batches: Batches) => Sink<number>): Pick<SinkPlace<number>, 'sink' | 'read'> {
  const batches: Batches = new Map()
  return { sink: () => make(batches), read: () => Promise.resolve([...batches.values()].flat()) }
}

/** Writes under numbers of its own instead of batch times, and knows no time. */
function adding(batches: Batches): Sink<number> {
  return {
    write: async ({ rdd }) => void batches.set(batches.size, await rdd.collect()),
    lastCommitted: () => undefined,
  }
}

function losing(batches: Batches): Sink<number> {
  const good = memorySink(batches)
  return { ...good, write: (batch) => good.write({ ...batch, rdd: batch.rdd.filter((n) => n !== 3) }) }
}

function logOrigin(): SourceOrigin<string> {
  const folder = mkdtempSync(join(tmpdir(), 'dstream-contract-'))
  const file = join(folder, 'log')
  writeFileSync(file, '')
  const lines = (): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return {
    source: () => ({
      initial: () => 0,
      plan: (from: number, limit = Infinity) => Math.min(from + limit, lines().length),
      read: (from: number, until: number) => lines().slice(from, until),
    }),
    record: (n) => `line ${n}`,
    append: (records) => Promise.resolve(appendFileSync(file, records.map((line) => `${line}\n`).join(''))),
    close: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
  }
}

interface Part {
  readonly name: string
  readonly from: number
  readonly until: number
}

/** Two logs, whose records go by turns. */
function splitOrigin(): SourceOrigin<number> {
  const logs: Record<string, number[]> = { even: [], odd: [] }
  const source: SplitSource<number, Record<string, number>, Part> = {
    initial: () => ({ even: 0, odd: 0 }),
    plan: (from, limit = Infinity) => {
      let left = limit
      const until: Record<string, number> = {}
      for (const [name, log] of Object.entries(logs)) {
        until[name] = Math.min(log.length, from[name]! + left)
        left -= until[name] - from[name]!
      }
      return until
    },
    splits: (from, until) => Object.keys(logs).map((name) => ({ name, from: from[name]!, until: until[name]! })),
    read: ({ name, from, until }) => logs[name]!.slice(from, until),
  }
  return {
    source: () => source,
    record: (n) => n,
    append: (records) => Promise.resolve(records.forEach((n) => logs[n % 2 === 0 ? 'even' : 'odd']!.push(n))),
  }
}

describe('sourceContract', () => {
  describe('a file that is read by lines', () => {
    test.each(casesOf(sourceContract(logOrigin)))('%s', (_name, run) => run())
  })
  describe('two logs as splits', () => {
    test.each(casesOf(sourceContract(splitOrigin)))('%s', (_name, run) => run())
  })

  test('a source that takes what is new, whatever the range, breaks rules', async () => {
    const broken = await brokenBy(
      sourceContract(() => {
        const log: number[] = []
        const source = { initial: () => 0, plan: () => log.length, read: (from: number) => log.slice(from) }
        return {
          source: () => source,
          record: (n) => n,
          append: (records) => Promise.resolve(void log.push(...records)),
        }
      }),
    )
    expect(broken).toContain('the rate bounds the records of a batch')
    expect(broken).toContain('the same range gives the same records at every reading')
  })
})

function casesOf(cases: readonly ContractCase[]): [string, () => Promise<void>][] {
  return cases.map(({ name, run }) => [name, run])
}

/** Returns the names of the rules that do not hold. */
async function brokenBy(cases: readonly ContractCase[]): Promise<string[]> {
  const broken: string[] = []
  for (const { name, run } of cases) await run().catch(() => broken.push(name))
  return broken
}
